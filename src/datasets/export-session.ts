import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, unseal } from '../platform/keys.ts';
import type { JobRun } from '../platform/queue.ts';
import { runStage } from '../processing/stage.ts';
import { applyChange } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openSession } from '../sessions/session-keys.ts';
import { sessionReady } from './events.ts';
import { ExportSink, partBytes, readParts } from './export-sink.ts';
import { LeakCheck, type LeakReport } from './leak.ts';
import { toChatLine } from './openai.ts';
import { ChatFileCheck } from './openai-rules.ts';
import { type SessionStep, streamSession } from './session-steps.ts';

const nothingFit =
  'No step of the session could be made into an example. The stage EXAMPLES says why.';

/**
 * Writes the session's examples as OpenAI chat JSONL and makes the session READY. Examples are read twice, however
 * many they are: once to check the whole file by the provider's rules and by the leak check, once to store it. Lines
 * with a fault of their own are left out and counted. What only the whole file shows refuses all of it: nothing is
 * stored, and the session waits for a person, with the reason.
 */
export async function exportSession(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await runStage(app, ids, job, 'EXPORT', async (_session, report) => {
    const access = await openSession(app, ids.sessionId);
    const examples = await app.db.example.count({ where: { sessionId: ids.sessionId } });
    const linesOf = async function* (): AsyncGenerator<Line> {
      for await (const step of access ? streamSession(app, ids, access.key) : []) {
        job.signal.throwIfAborted();
        if (step.example)
          yield {
            text: toChatLine(step.example),
            of: step.sequence,
            selectors: step.selectors ?? [],
          };
      }
    };
    const checked = await checkLines(linesOf(), (lines) =>
      report((lines / examples) * 0.5, `${lines} of ${examples} lines are checked`),
    );
    if (checked.lines === 0 || checked.unfit !== null || !access)
      return async (tx, session) => {
        await tx.sessionExport.deleteMany({ where: { sessionId: ids.sessionId } });
        const reason = checked.unfit ?? nothingFit;
        await applyChange(app, tx, session, { state: 'NEEDS_REVIEW', reason });
        return `nothing was exported: ${reason}`;
      };
    const { lines, sha256, leftOut } = checked;
    const [folder, fileId] = [folderOf(ids), `openai-chat-${sha256.toString('hex')}`];
    const sink = new ExportSink(app, access.key, folder, fileId);
    let written = 0;
    for await (const { text, of } of linesOf()) {
      if (checked.faulty.has(of)) continue;
      await sink.write(Buffer.from(`${text}\n`));
      await report(0.5 + (++written / lines) * 0.5, `${written} of ${lines} lines are stored`);
    }
    const stored = await sink.end();
    if (!stored.sha256.equals(sha256))
      throw new Error('Expected the examples to stay as they were checked. Run the stage again.');
    const { bytes } = stored;
    return async (tx, session) => {
      const columns = {
        examples: lines,
        bytes,
        sha256: new Uint8Array(sha256),
        objectKey: `${folder}${fileId}/`,
        createdAt: new Date(),
      };
      await tx.sessionExport.upsert({
        where: { sessionId_format: { sessionId: ids.sessionId, format: 'OPENAI_CHAT' } },
        create: { id: newId(), ...ids, format: 'OPENAI_CHAT', ...columns },
        update: columns,
      });
      await applyChange(app, tx, session, { state: 'READY', reason: null });
      await app.queue.emit(tx, sessionReady, ids);
      return `${lines} lines, ${bytes.toLocaleString('en')} bytes, no leak found${leftOut}`;
    };
  });
}

/** The plain bytes of an export, a part at a time; `null` where it is gone. */
export async function readExport(
  app: Pick<App, 'db' | 'keys' | 'storage'>,
  id: string,
): Promise<{ bytes: number; body: AsyncIterable<Buffer> } | null> {
  const row = await app.db.sessionExport.findUnique({ where: { id } });
  const access = row && (await openSession(app, row.sessionId));
  if (!row || !access) return null;
  const { objectKey, bytes } = row;
  const [folder, fileId] = [folderOf(row), basename(objectKey)];
  const parts = Math.ceil(bytes / partBytes);
  const isWhole = !objectKey.endsWith('/'); // as it was stored before there were parts
  return {
    bytes,
    body: isWhole
      ? readWhole(app, access.key, objectKey)
      : readParts(app, access.key, { folder, fileId, parts }),
  };
}

async function* readWhole(
  { storage }: Pick<App, 'storage'>,
  key: DataKey,
  objectKey: string,
): AsyncGenerator<Buffer> {
  yield unseal(key, await storage.get(objectKey), objectKey);
}

/** Files in it are named by their content, so that a row never names one that another attempt has written over. */
function folderOf({ projectId, sessionId }: SessionIds): string {
  return `${projectId}/${sessionId}/exports/`;
}

type Line = Checked & { of: number };

type Checked = { text: string; selectors: NonNullable<SessionStep['selectors']> };

type Fit = {
  /** That are fit to train on. */
  lines: number;
  /** Of these, with their ends. */
  sha256: Buffer;
  /** Sequences whose line has a fault of its own. */
  faulty: ReadonlySet<number>;
  /** These in words, empty for none. */
  leftOut: string;
  /** Why the whole file is not fit; `null` for one that is. */
  unfit: string | null;
};

async function checkLines(
  lines: AsyncIterable<Line>,
  report: (checked: number) => Promise<void>,
): Promise<Fit> {
  const [check, hash, faulty] = [new FileCheck(), createHash('sha256'), new Set<number>()];
  let [read, fit] = [0, 0];
  for await (const line of lines) {
    if (check.add(line)) {
      hash.update(`${line.text}\n`);
      fit++;
    } else faulty.add(line.of);
    await report(++read);
  }
  const error = fit > 0 ? check.error() : undefined;
  const codes = Object.entries(check.counts()).map(([code, times]) => `${times} ${code}`);
  return {
    lines: fit,
    sha256: hash.digest(),
    faulty,
    leftOut: faulty.size > 0 ? `; ${faulty.size} lines left out: ${codes.join(', ')}` : '',
    unfit: error ? `The file is not fit to train on: ${error}` : null,
  };
}

/** Both checks of a file, line by line; what is said of the file is said of its lines without a fault. */
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

  /** The first fault of the file as a whole, in words; `undefined` for none. */
  error(): string | undefined {
    const broken = this.#rules
      .report()
      .problems.find(({ severity, line }) => severity === 'ERROR' && line === 0);
    return (broken ?? this.#leaks.report().findings.find(({ line }) => line === 0))?.message;
  }
}
