import { createHash } from 'node:crypto';
import { toDpoLine } from '../../datasets/dpo.ts';
import type { Example } from '../../datasets/example.ts';
import { toChatLine } from '../../datasets/openai.ts';
import { openaiLimits, validateChatLine } from '../../datasets/openai-rules.ts';
import { pictureOf } from '../../datasets/pictures.ts';
import { readDataset } from '../../datasets/read.ts';
import type { Split, TrainingMethod } from '../../generated/prisma/enums.ts';
import { TrainingFailedError } from '../errors.ts';
import { keepObject } from '../job-key.ts';
import { pictureTokens } from '../survey.ts';
import type { Run } from '../trainer.ts';
import type { BuiltFile } from './sent.ts';

/** Largest file that the Uploads API takes. */
const mostBytes = 8 * 1024 ** 3;
const reportEvery = 200;

/**
 * Lines of a split in the format of the method; preferences without a wrong candidate are left out. With
 * pictures, the steps that have none stay as text.
 */
async function* linesOf({ app, job }: Pick<Run, 'app' | 'job'>, split: Split) {
  const { projectId, datasetId, method, pictures } = job;
  for await (const row of readDataset(app, { projectId, datasetId, split })) {
    const image = pictures ? await pictureOf(app, row) : null;
    const line = lineOf(row.example, method, image);
    if (line !== null) yield { line, imageChars: image?.length ?? 0 };
  }
}

/**
 * Writes a split as JSONL into our store, in sealed parts of the size in which it goes up, each line checked
 * by the provider's rules. Holds one part in memory.
 *
 * @returns `null` for an empty split
 * @throws {TrainingFailedError} a line or the file breaks the rules
 */
export async function buildFile(
  run: Run,
  split: 'TRAIN' | 'VALIDATION',
): Promise<BuiltFile | null> {
  const { app, job } = run;
  const partBytes = app.config.models.uploadPartBytes;
  const label = split.toLowerCase();
  const hash = createHash('md5');
  const parts: string[] = [];
  const faults: string[] = [];
  let waiting: Buffer[] = [];
  let [held, bytes, lines, chars, images] = [0, 0, 0, 0, 0];
  const flush = async (size: number) => {
    const all = Buffer.concat(waiting);
    const part = all.subarray(0, size);
    const name = `${label}-${String(parts.length).padStart(4, '0')}`;
    parts.push(await keepObject(run, name, part));
    const rest = all.subarray(size);
    waiting = rest.length > 0 ? [rest] : [];
    held = rest.length;
  };
  for await (const { line, imageChars } of linesOf(run, split)) {
    run.signal.throwIfAborted();
    lines += 1;
    const [fault] = validate(line, job.method);
    if (fault) faults.push(`line ${lines}: ${fault}`);
    const row = Buffer.from(`${line}\n`);
    hash.update(row);
    waiting.push(row);
    held += row.length;
    bytes += row.length;
    chars += line.length - imageChars;
    images += Number(imageChars > 0);
    while (held > partBytes) await flush(partBytes);
    if (lines % reportEvery === 0)
      await run.report({ message: `Writing the ${label} file: ${lines} lines.` });
  }
  if (held > 0) await flush(held);
  if (faults.length > 0)
    throw new TrainingFailedError(
      'RULES_BROKEN',
      `${faults.length} of ${lines} lines break the provider's rules: ${faults.slice(0, 3).join('; ')}.`,
      { advice: 'Freeze the dataset without the sessions of these lines. Nothing was sent.' },
    );
  if (images > openaiLimits.imageExamples)
    throw new TrainingFailedError(
      'TOO_MANY_PICTURES',
      `Expected at most ${openaiLimits.imageExamples.toLocaleString('en')} examples with a picture, got ${images.toLocaleString('en')}.`,
      { advice: 'Choose fewer sessions for the dataset, or train without pictures.' },
    );
  if (bytes > mostBytes)
    throw new TrainingFailedError(
      'FILE_TOO_LARGE',
      `Expected a ${label} file of at most 8 GiB, got ${bytes.toLocaleString('en')} bytes.`,
      { advice: 'Choose fewer sessions for the dataset.' },
    );
  if (split === 'TRAIN' && lines < openaiLimits.minExamples)
    throw new TrainingFailedError(
      'TOO_FEW_EXAMPLES',
      `Expected at least ${openaiLimits.minExamples} lines, got ${lines}.`,
      { advice: 'Record or select more sessions.' },
    );
  const name = `codesight-${job.id}-${label}.jsonl`;
  const tokens = Math.ceil(chars / 4) + images * pictureTokens;
  return lines === 0 ? null : { name, parts, bytes, lines, tokens, md5: hash.digest('hex') };
}

function lineOf(example: Example, method: TrainingMethod, image: string | null): string | null {
  return method === 'DPO' ? toDpoLine(example) : toChatLine(example, image ? { image } : {});
}

/** What breaks the rules, in words. A preference is checked as the two conversations that it is. */
function validate(line: string, method: TrainingMethod): string[] {
  const texts = method === 'DPO' ? conversationsOf(line) : [line];
  return texts
    .flatMap(validateChatLine)
    .filter(({ severity }) => severity === 'ERROR')
    .map(({ message }) => message);
}

function conversationsOf(line: string): string[] {
  const { input, preferred_output, non_preferred_output } = JSON.parse(line);
  return [preferred_output, non_preferred_output].map((output) =>
    JSON.stringify({ ...input, messages: [...input.messages, ...output] }),
  );
}
