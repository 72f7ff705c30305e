import type { LeakCode } from './leak.ts';
import { LeakCheck } from './leak.ts';
import { toChatLine } from './openai.ts';
import { ChatFileCheck } from './openai-rules.ts';
import type { Probe } from './probes.ts';
import { examplesOf, readSessions } from './read.ts';

/** What was proved of a dataset's training file, whole. */
export type Proof = {
  operations: Record<string, number>;
  leaks: {
    passed: boolean;
    lines: number;
    candidates: number;
    /** Selectors of targets that were looked for in the prompts. */
    selectorsSought: number;
    counts: Partial<Record<LeakCode, number>>;
    probes: Probe[];
  };
  rules: { lines: number; bytes: number; errors: number; warnings: number };
  /** Why the dataset is not fit to train on, in words; `null` for one that is. */
  unfit: string | null;
};

const shown = 3;

/**
 * Writes the training file of a dataset line by line, as an export would, and proves over all of it that
 * no line tells its answer and that a provider would take it. Holds none of it.
 */
export async function proveDataset(
  app: Parameters<typeof readSessions>[0],
  {
    datasetId,
    signal,
    report,
  }: {
    datasetId: string;
    signal: AbortSignal;
    report: (lines: number) => Promise<void>;
  },
): Promise<Proof> {
  const [leakCheck, ruleCheck] = [new LeakCheck(), new ChatFileCheck()];
  const operations: Record<string, number> = {};
  let lines = 0;
  let latePictures = 0;
  for await (const session of readSessions(app, { datasetId }))
    for await (const { example, selectors, picture } of examplesOf(session)) {
      signal.throwIfAborted();
      const { operation } = example.answer;
      operations[operation] = (operations[operation] ?? 0) + 1;
      if (picture?.ageMs !== undefined && picture.ageMs <= 0) latePictures++;
      const line = toChatLine(example);
      leakCheck.add(line, selectors);
      ruleCheck.add(line);
      await report(++lines);
    }
  const { passed, candidates, selectorsSought, counts, probes, findings } = leakCheck.report();
  const rules = ruleCheck.report();
  // A provider takes no file over its limit, but an export is cut into files below it.
  const broken = rules.problems.filter(
    ({ severity, code }) => severity === 'ERROR' && code !== 'FILE_TOO_LARGE',
  );
  const found = [...findings, ...broken].map(({ line, message }) =>
    line > 0 ? `Line ${line}: ${message}` : message,
  );
  if (latePictures > 0)
    found.unshift(`${latePictures} pictures are not from strictly before their action.`);
  const more = found.length > shown ? ` … and ${found.length - shown} more.` : '';
  return {
    operations,
    leaks: { passed, lines, candidates, selectorsSought, counts, probes },
    rules: { lines, bytes: rules.bytes, errors: broken.length, warnings: rules.warnings },
    unfit: found.length > 0 ? `${found.slice(0, shown).join(' ')}${more}` : null,
  };
}
