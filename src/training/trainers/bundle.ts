import { createGzip } from 'node:zlib';
import { temptingNegative } from '../../datasets/dpo.ts';
import type { Example } from '../../datasets/example.ts';
import { extraParameter, instruction, promptOf, tools } from '../../datasets/prompt.ts';
import { readDataset } from '../../datasets/read.ts';
import type { Hyperparameters } from '../hyperparameters.ts';
import { keepObject, readObject } from '../job-key.ts';
import type { Run } from '../trainer.ts';
import {
  axolotlConfig,
  launchScript,
  readme,
  reportScript,
  trlConfig,
  trlScript,
} from './bundle-files.ts';
import { type TarFile, tarOf } from './tar.ts';

const partBytes = 8 * 1024 * 1024;

/** What the files of a bundle tell. */
export type BundleFacts = {
  jobId: string;
  name: string;
  baseModel: string;
  method: 'SUPERVISED' | 'DPO';
  hyperparameters: Hyperparameters;
  examples: number;
  validationExamples: number;
  datasetId: string;
  datasetSha256: string | null;
  serverUrl: string;
};

/**
 * Writes the bundle of an EXTERNAL training, `.tar.gz`, into our store in sealed parts: data, configurations
 * for TRL and Axolotl, a launch script, and the way back. Holds one part in memory.
 */
export async function buildBundle(
  run: Run,
  facts: BundleFacts,
): Promise<{ parts: string[]; bytes: number }> {
  const gzip = createGzip({ level: 6 });
  const feeding = feed(gzip, tarOf(filesOf(run, facts)));
  feeding.catch((error: Error) => gzip.destroy(error)); // ends the loop below with it
  const parts: string[] = [];
  let waiting: Buffer[] = [];
  let [held, bytes] = [0, 0];
  const flush = async () => {
    const name = `bundle-${String(parts.length).padStart(4, '0')}`;
    parts.push(await keepObject(run, name, Buffer.concat(waiting)));
    waiting = [];
    held = 0;
  };
  for await (const chunk of gzip as AsyncIterable<Buffer>) {
    run.signal.throwIfAborted();
    waiting.push(chunk);
    held += chunk.length;
    bytes += chunk.length;
    if (held >= partBytes) await flush();
  }
  await feeding;
  if (held > 0) await flush();
  return { parts, bytes };
}

/** The bytes of a bundle, a part at a time. */
export async function* readBundle(
  run: Pick<Run, 'app' | 'key'>,
  parts: readonly string[],
): AsyncGenerator<Buffer> {
  for (const part of parts) yield await readObject(run, part);
}

async function feed(
  gzip: ReturnType<typeof createGzip>,
  source: AsyncIterable<Buffer>,
): Promise<void> {
  for await (const part of source)
    if (!gzip.write(part))
      await new Promise<void>((resolve, reject) => {
        gzip.once('drain', resolve);
        gzip.once('close', () => reject(new Error('The archive was given up.')));
      });
  gzip.end();
}

async function* filesOf(run: Run, facts: BundleFacts): AsyncGenerator<TarFile> {
  const text = (path: string, content: string, isExecutable = false): TarFile => {
    const bytes = Buffer.from(content);
    return { path, bytes: bytes.length, isExecutable, content: [bytes] };
  };
  yield text('README.md', readme(facts));
  yield text('codesight.json', `${JSON.stringify(facts, null, 2)}\n`);
  yield text('train_trl.py', trlScript(facts));
  yield text('trl.yaml', trlConfig(facts));
  if (facts.method === 'SUPERVISED') yield text('axolotl.yaml', axolotlConfig(facts));
  yield text('launch.sh', launchScript, true);
  yield text('report.py', reportScript(facts), true);
  for (const split of ['TRAIN', 'VALIDATION'] as const) {
    // Read twice, once for the size: an archive says it before the content.
    let bytes = 0;
    for await (const line of linesOf(run, split)) bytes += line.length;
    if (bytes === 0) continue;
    yield { path: `data/${split.toLowerCase()}.jsonl`, bytes, content: linesOf(run, split) };
  }
}

async function* linesOf({ app, job }: Run, split: 'TRAIN' | 'VALIDATION'): AsyncGenerator<Buffer> {
  const { projectId, datasetId, method } = job;
  for await (const { example } of readDataset(app, { projectId, datasetId, split })) {
    const line = method === 'DPO' ? preference(example) : conversation(example);
    if (line) yield Buffer.from(`${JSON.stringify(line)}\n`);
  }
}

/** As chat templates of open models want it: arguments are an object, not a text. */
function conversation(example: Example): object {
  return { messages: [...asked(example), answered(example, example.answer.ref)], tools };
}

function preference(example: Example): object | null {
  const negative = temptingNegative(example);
  return (
    negative && {
      prompt: asked(example),
      chosen: [answered(example, example.answer.ref)],
      rejected: [answered(example, negative.ref)],
      tools,
    }
  );
}

function asked(example: Example): object[] {
  return [
    { role: 'system', content: instruction },
    { role: 'user', content: promptOf(example) },
  ];
}

function answered({ answer: { operation, value } }: Example, ref: string): object {
  const extra = extraParameter[operation];
  const given = { ref, ...(extra && { [extra[0]]: value ?? '' }) };
  const call = { type: 'function', function: { name: operation, arguments: given } };
  return { role: 'assistant', content: '', tool_calls: [call] };
}
