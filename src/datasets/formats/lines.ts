import type * as z from 'zod';
import type { Example } from '../example.ts';
import type { SessionStep } from '../session-steps.ts';
import { type ExportSession, type FileKind, InvalidRecordError, type Piece } from './exporter.ts';

/** Lines become bytes so many at a time: a buffer for each is more than twice the memory. */
const pieceChars = 64 * 1024;

export type WithExample = SessionStep & { example: Example };

/** Whether a step is an example. */
export function hasExample(step: SessionStep): step is WithExample {
  return step.example !== null;
}

/** Steps of a session that are examples. */
export async function* exampleSteps({ steps }: ExportSession): AsyncGenerator<WithExample> {
  for await (const step of steps) if (hasExample(step)) yield step;
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
    open: () => {
      const encode = encoder();
      return {
        async *session(session): AsyncGenerator<Piece> {
          let [text, records] = ['', 0];
          for await (const line of linesOf(session)) {
            text += `${line}\n`;
            records++;
            if (text.length < pieceChars) continue;
            yield { bytes: encode(text), records };
            [text, records] = ['', 0];
          }
          if (records > 0) yield { bytes: encode(text), records };
        },
      };
    },
    ...more,
  };
}

/** UTF-8 in the same memory each time; a text that is much larger than a piece has its own. */
function encoder(): (text: string) => Uint8Array {
  const memory = Buffer.allocUnsafe(pieceChars * 4);
  return (text) =>
    text.length * 3 > memory.length // bytes of a UTF-16 unit at most
      ? Buffer.from(text)
      : memory.subarray(0, memory.write(text));
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
