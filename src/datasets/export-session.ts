import { createHash } from 'node:crypto';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { seal, unseal } from '../platform/keys.ts';
import type { JobRun } from '../platform/queue.ts';
import { runStage } from '../processing/stage.ts';
import { applyChange } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openSession } from '../sessions/session-keys.ts';
import { sessionReady } from './events.ts';
import { LeakCheck, type LeakReport } from './leak.ts';
import { toChatLine } from './openai.ts';
import { ChatFileCheck } from './openai-rules.ts';
import { type SessionStep, streamSession } from './session-steps.ts';

const nothingFit =
  'No step of the session could be made into an example. The stage EXAMPLES says why.';

/**
 * Writes the session's examples as OpenAI chat JSONL, checks the finished file by the provider's rules
 * and by the leak check, and makes the session READY. A file that fails a check is not stored: the session waits for a
 * person, with the reason.
 */
export async function exportSession(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await runStage(app, ids, job, 'EXPORT', async (_session, report) => {
    const access = await openSession(app, ids.sessionId);
    const examples = await app.db.example.count({ where: { sessionId: ids.sessionId } });
    const made: Line[] = [];
    const check = new FileCheck();
    for await (const step of access ? streamSession(app, ids, access.key) : []) {
      job.signal.throwIfAborted();
      if (!step.example) continue;
      const line = { text: toChatLine(step.example), selectors: step.selectors ?? [] };
      made.push({ ...line, isFit: check.add(line) });
      await report((made.length / examples) * 0.8, `${made.length} of ${examples} lines`);
    }
    const { lines, leftOut, unfit } = keepFit(made, check);
    if (lines.length === 0 || !access)
      return async (tx, session) => {
        await tx.sessionExport.deleteMany({ where: { sessionId: ids.sessionId } });
        const reason = unfit ?? nothingFit;
        await applyChange(app, tx, session, { state: 'NEEDS_REVIEW', reason });
        return `nothing was exported: ${reason}`;
      };
    const file = Buffer.from(`${lines.join('\n')}\n`);
    const id = newId();
    const sha256 = createHash('sha256').update(file).digest();
    const objectKey = exportKey(ids, sha256);
    await app.storage.put(objectKey, seal(access.key, file, objectKey));
    return async (tx, session) => {
      const columns = {
        examples: lines.length,
        bytes: file.length,
        sha256: new Uint8Array(sha256),
        objectKey,
        createdAt: new Date(),
      };
      await tx.sessionExport.upsert({
        where: { sessionId_format: { sessionId: ids.sessionId, format: 'OPENAI_CHAT' } },
        create: { id, ...ids, format: 'OPENAI_CHAT', ...columns },
        update: columns,
      });
      await applyChange(app, tx, session, { state: 'READY', reason: null });
      await app.queue.emit(tx, sessionReady, ids);
      return `${lines.length} lines, ${file.length.toLocaleString('en')} bytes, no leak found${leftOut}`;
    };
  });
}

/** The plain bytes of an export. */
export async function readExport(
  app: Pick<App, 'db' | 'keys' | 'storage'>,
  id: string,
): Promise<Buffer | null> {
  const row = await app.db.sessionExport.findUnique({
    where: { id },
    select: { sessionId: true, objectKey: true },
  });
  const access = row && (await openSession(app, row.sessionId));
  if (!row || !access) return null;
  return unseal(access.key, await app.storage.get(row.objectKey), row.objectKey);
}

/** Named by its content, so that the row never names a file that another attempt has written over. */
function exportKey({ projectId, sessionId }: SessionIds, sha256: Buffer): string {
  return `${projectId}/${sessionId}/exports/openai-chat-${sha256.toString('hex')}`;
}

type Line = Checked & {
  /** Whether it has no fault of its own. */
  isFit: boolean;
};

type Checked = { text: string; selectors: NonNullable<SessionStep['selectors']> };

type Fit = {
  lines: string[];
  /** In words, empty for none. */
  leftOut: string;
  /** Why the whole file is not fit, with no lines; `null` for one that is. */
  unfit: string | null;
};

/**
 * The lines that are fit to train on: those with a fault of their own are left out and counted. What
 * only the whole file shows refuses all of it.
 */
function keepFit(made: Line[], first: FileCheck): Fit {
  const kept = made.filter(({ isFit }) => isFit);
  if (kept.length === 0) return { lines: [], leftOut: '', unfit: null };
  const count = made.length - kept.length;
  const check = count > 0 ? new FileCheck() : first;
  if (count > 0) for (const line of kept) check.add(line);
  const error = check.error();
  if (error) return { lines: [], leftOut: '', unfit: `The file is not fit to train on: ${error}` };
  const codes = Object.entries(first.counts()).map(([code, times]) => `${times} ${code}`);
  return {
    lines: kept.map(({ text }) => text),
    leftOut: count > 0 ? `; ${count} lines left out: ${codes.join(', ')}` : '',
    unfit: null,
  };
}

/** Both checks of a file, line by line. */
class FileCheck {
  readonly #rules = new ChatFileCheck();
  readonly #leaks = new LeakCheck();

  /** Whether the line has no fault of its own. */
  add({ text, selectors }: Checked): boolean {
    const broken = this.#rules.add(text).some(({ severity }) => severity === 'ERROR');
    return this.#leaks.add(text, selectors).length === 0 && !broken;
  }

  counts(): LeakReport['counts'] {
    return this.#leaks.report().counts;
  }

  /** The first fault, in words; `undefined` for none. */
  error(): string | undefined {
    const broken = this.#rules.report().problems.find(({ severity }) => severity === 'ERROR');
    return (broken ?? this.#leaks.report().findings[0])?.message;
  }
}
