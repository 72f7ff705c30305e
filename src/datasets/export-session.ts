import { createHash } from 'node:crypto';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { seal, unseal } from '../platform/keys.ts';
import type { JobRun } from '../platform/queue.ts';
import { runStage } from '../processing/stage.ts';
import { applyChange } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openSession } from '../sessions/session-keys.ts';
import { readSteps } from '../sessions/steps.ts';
import { openExample } from './build-examples.ts';
import { checkLeaks, type LeakReport } from './leak.ts';
import { toChatLine } from './openai.ts';
import { validateChatFile } from './openai-rules.ts';

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
    const rows = await app.db.example.findMany({
      where: { sessionId: ids.sessionId },
      orderBy: { sequence: 'asc' },
      select: { id: true, sequence: true, sealed: true },
    });
    const selectors = new Map(
      (await readSteps(app, ids)).map((step) => [step.sequence, step.selectors ?? []]),
    );
    const made: Line[] = [];
    for (const row of access ? rows : []) {
      if (access)
        made.push({
          text: toChatLine(openExample(access.key, row)),
          selectors: selectors.get(row.sequence) ?? [],
        });
      await report((made.length / rows.length) * 0.5, `${made.length} of ${rows.length} lines`);
    }
    const { lines, leftOut, unfit } = keepFit(made);
    if (lines.length === 0 || !access)
      return async (tx, session) => {
        await tx.sessionExport.deleteMany({ where: { sessionId: ids.sessionId } });
        const reason = unfit ?? nothingFit;
        await applyChange(app, tx, session, { state: 'NEEDS_REVIEW', reason });
        return `nothing was exported: ${reason}`;
      };
    await report(0.8, 'checked');
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

type Line = {
  text: string;
  selectors: NonNullable<Awaited<ReturnType<typeof readSteps>>[number]['selectors']>;
};

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
function keepFit(made: Line[]): Fit {
  const first = check(made);
  const faulty = new Set([...first.rules.faultyLines, ...first.leaks.faultyLines]);
  const kept = made.filter((_line, index) => !faulty.has(index + 1));
  if (kept.length === 0) return { lines: [], leftOut: '', unfit: null };
  const { rules, leaks } = check(kept);
  const error = rules.problems.find(({ severity }) => severity === 'ERROR') ?? leaks.findings[0];
  if (error)
    return { lines: [], leftOut: '', unfit: `The file is not fit to train on: ${error.message}` };
  const count = made.length - kept.length;
  const codes = Object.entries(first.leaks.counts).map(([code, times]) => `${times} ${code}`);
  return {
    lines: kept.map(({ text }) => text),
    leftOut: count > 0 ? `; ${count} lines left out: ${codes.join(', ')}` : '',
    unfit: null,
  };
}

function check(lines: Line[]): { rules: ReturnType<typeof validateChatFile>; leaks: LeakReport } {
  const texts = lines.map(({ text }) => text);
  return {
    rules: validateChatFile(texts),
    leaks: checkLeaks(texts, { selectorsOf: (line) => lines[line - 1]?.selectors ?? [] }),
  };
}
