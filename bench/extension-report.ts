import { availableParallelism, loadavg } from 'node:os';
import type { Drive } from './extension-drive.ts';
import { type SideName, sides } from './extension-scripts.ts';
import { medianOf, precise, quantileOf, sumOf } from './figures.ts';
import { type Cell, tableOf } from './table.ts';

export type PageResult = { name: string; drives: Record<SideName, Drive[]> };

/** At these the page and its element are described; all others only remember. */
const actions = /^(?:pointerdown|keydown|wheel)$/;
const names: Record<SideName, string> = {
  alone: 'without a recorder',
  ours: 'CodeSight',
  rrweb: 'rrweb.record',
};

type Figures = {
  /** Milliseconds of an event with all its listeners. */
  eventMs: { p50: number; p95: number };
  actionMs: { p50: number; p95: number };
  longestTaskMs: number;
  /** In the recorder's own script, at once. */
  longestStretchMs: number;
  /** In the recorder's script: at load and while it rests after it, and for each action. */
  loadMs: number;
  perActionMs: number;
};

function figuresOfSide(drives: Drive[]): Figures {
  const events = drives.flatMap(({ acting }) => acting.events);
  const times = (isAction: boolean) =>
    events.filter(({ type }) => actions.test(type) === isAction).map(({ ms }) => ms);
  const spread = (values: number[]) => ({
    p50: quantileOf(values, 0.5),
    p95: quantileOf(values, 0.95),
  });
  const downs = drives.map(
    ({ acting }) => acting.events.filter(({ type }) => type === 'pointerdown').length,
  );
  const spent = drives.map(
    ({ acting }, index) => acting.recorderMs / Math.max(1, downs[index] ?? 0),
  );
  return {
    eventMs: spread(times(false)),
    actionMs: spread(times(true)),
    longestTaskMs: medianOf(drives.map(({ acting }) => acting.longestTaskMs)),
    longestStretchMs: Math.max(...drives.map(({ acting }) => acting.longestStretchMs)),
    loadMs: medianOf(drives.map(({ load }) => load.recorderMs)),
    perActionMs: medianOf(spent),
  };
}

function selectorsOf({ drives }: PageResult) {
  const times = drives.ours.flatMap(({ selectorsMs }) => selectorsMs);
  return { p50: quantileOf(times, 0.5), p95: quantileOf(times, 0.95) };
}

export function tables(results: PageResult[]): string[] {
  const head = [
    'ms of the main thread',
    'event p50',
    'event p95',
    'action p50',
    'action p95',
    'longest task',
    'longest stretch',
    'load',
    'per action',
    'against rrweb',
  ];
  return results.map((result) => {
    const rrweb = figuresOfSide(result.drives.rrweb).perActionMs;
    const rows = sides.map((side): Cell[] => {
      const figures = figuresOfSide(result.drives[side]);
      const isRecorder = side !== 'alone';
      return [
        names[side],
        figures.eventMs.p50,
        figures.eventMs.p95,
        figures.actionMs.p50,
        figures.actionMs.p95,
        figures.longestTaskMs,
        isRecorder ? figures.longestStretchMs : null,
        isRecorder ? figures.loadMs : null,
        isRecorder ? figures.perActionMs : null,
        isRecorder ? figures.perActionMs / rrweb : null,
      ];
    });
    const { p50, p95 } = selectorsOf(result);
    return `${tableOf(result.name, head, rows)}Selectors of one element: p50 ${precise(p50, 3)} ms, p95 ${precise(p95, 3)} ms.\n`;
  });
}

export function figuresOf(results: PageResult[], gzBytes: number): object {
  return {
    bench: 'extension',
    contentScriptGzBytes: gzBytes,
    pages: results.map((result) => ({
      name: result.name,
      selectorsMs: preciseAll(selectorsOf(result)),
      ...Object.fromEntries(
        sides.map((side) => [side, preciseAll(figuresOfSide(result.drives[side]))]),
      ),
      ratioToRrweb: precise(
        figuresOfSide(result.drives.ours).perActionMs /
          figuresOfSide(result.drives.rrweb).perActionMs,
        3,
      ),
      events: sumOf(result.drives.ours.map(({ acting }) => acting.events.length)),
    })),
    machine: { cpus: availableParallelism(), load: precise(loadavg()[0] ?? 0, 3) },
  };
}

function preciseAll(value: object): object {
  return JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
    typeof each === 'number' ? precise(each, 3) : each,
  ) as object;
}
