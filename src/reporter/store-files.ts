import { host, randomHex } from './host.ts';
import { joined, nothing } from './outbox.ts';
import type { Change, Kept, ReportStore } from './types.ts';

type Files = {
  mkdirSync(path: string, options: { recursive: boolean; mode: number }): void;
  readdirSync(path: string): string[];
  readFileSync(path: string, encoding: 'utf8'): string;
  writeFileSync(path: string, text: string, options: { mode: number }): void;
  appendFileSync(path: string, text: string): void;
  renameSync(from: string, to: string): void;
  rmSync(path: string, options: { force: boolean }): void;
};

/** A line of a journal. `took`: the journals whose reports and counts are in it. */
type Line = Change & { took?: string[] };

const mostAppended = 4 * 1024 * 1024;
const ours = /^reports-(\d+)-(\w+)\.jsonl$/;
const open = new Set<string>();

/**
 * Keeps reports in a folder: a journal for each process, one line for each change, written before the call
 * ends, so that not even `kill -9` takes what was captured. (Power loss may: nothing waits for the disk.)
 * Whoever starts takes over the journals of processes that are gone. Worker threads need a folder each.
 *
 * @param folder is made, for its owner only
 * @returns `null` before Node 20.16, which gives no files without an import
 */
export function fileStore(folder: string): ReportStore | null {
  const { process } = host;
  const files = process?.getBuiltinModule?.('node:fs') as Files | undefined;
  if (!files || !process) return null;
  const nameOf = (mark: string) => `reports-${process.pid}-${mark}.jsonl`;
  const path = (name: string) => `${folder}/${name}`;
  const own = path(nameOf(randomHex(6)));
  let appended = Number.POSITIVE_INFINITY; // nothing is there yet: the first write makes it

  const isGone = (name: string): boolean => {
    const pid = Number(ours.exec(name)?.[1]);
    // One's own number from before: containers begin at 1 each time.
    if (pid === process.pid) return !open.has(path(name));
    try {
      process.kill(pid, 0);
      return false;
    } catch (error) {
      return (error as { code?: string }).code === 'ESRCH';
    }
  };

  /** Of two that start together, one gets it. */
  const claim = (name: string): string[] => {
    const mark = ours.exec(name)?.[2] as string;
    try {
      files.renameSync(path(name), path(nameOf(mark)));
      return [mark];
    } catch {
      return []; // the other one was first
    }
  };

  /** Whole or not at all. */
  const rewrite = (line: Line): void => {
    files.writeFileSync(`${own}.new`, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    files.renameSync(`${own}.new`, own);
    appended = 0;
  };

  return {
    load() {
      files.mkdirSync(folder, { recursive: true, mode: 0o700 });
      open.add(own);
      const left = files.readdirSync(folder).filter((name) => ours.test(name) && isGone(name));
      const took = left.flatMap(claim);
      const lines = took.map((mark) => replay(files.readFileSync(path(nameOf(mark)), 'utf8')));
      const known = lines.flatMap((line) => line.took ?? []);
      const found = lines.reduce<Change>(
        (sum, line, index) => (known.includes(took[index] as string) ? sum : joined(sum, line)),
        nothing(),
      );
      // If the process ends between the next two steps, this line tells the next that those are counted.
      rewrite({ ...found, took });
      for (const mark of took) files.rmSync(path(nameOf(mark)), { force: true });
      return found;
    },
    write(change, all) {
      if (appended > mostAppended) return rewrite(all());
      const line = `${JSON.stringify(change)}\n`;
      const before = appended;
      appended = Number.POSITIVE_INFINITY; // half a line may be there if this throws
      files.appendFileSync(own, line);
      appended = before + line.length;
    },
    close() {
      open.delete(own);
    },
  };
}

/** What a journal comes to. A torn last line is a change that nobody was told of. */
function replay(text: string): Line {
  const reports = new Map<string, Kept>();
  let last: Line = nothing();
  const took: string[] = [];
  for (const row of text.split('\n')) {
    try {
      last = JSON.parse(row);
    } catch {
      continue; // the end of the text, or torn
    }
    for (const report of last.put) reports.set(report.id, report);
    for (const id of last.gone) reports.delete(id);
    took.push(...(last.took ?? []));
  }
  return { ...last, put: [...reports.values()], took };
}
