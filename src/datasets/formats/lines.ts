import type * as z from 'zod';
import type { Example } from '../example.ts';
import type { SessionStep } from '../session-steps.ts';
import { type ExportSession, type FileKind, InvalidRecordError, type Piece } from './exporter.ts';

/** Lines become bytes so many at a time: a buffer for each is more than twice the memory. */
const pieceChars = 64 * 1024;

export type WithExample = SessionStep & { example: Example };

/** Steps of a session that are examples. */
export async function* exampleSteps({ steps }: ExportSession): AsyncGenerator<WithExample> {
  for await (const { example, ...step } of steps) if (example) yield { ...step, example };
}

/** A kind of file with a line for each record. */
export function linesKind(
  linesOf: (session: ExportSession) => AsyncIterable<string>,
  more: Partial<FileKind> = {},
): FileKind {
  return {
    folder: '',
    extension: 'jsonl',
    mediaType: 'application/jsonl',
    isSeparable: true,
    open: () => ({
      async *session(session): AsyncGenerator<Piece> {
        let [text, records] = ['', 0];
        for await (const line of linesOf(session)) {
          text += `${line}\n`;
          records++;
          if (text.length < pieceChars) continue;
          yield { bytes: Buffer.from(text), records };
          [text, records] = ['', 0];
        }
        if (records > 0) yield { bytes: Buffer.from(text), records };
      },
    }),
    ...more,
  };
}

/** The value, when it fits. @throws {InvalidRecordError} */
export function fitting<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { head }: ExportSession,
  sequence: number | null = null,
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const reason = `${issue?.path.join('.')}: ${issue?.message}`;
  throw new InvalidRecordError(head.sessionId, sequence, reason);
}
