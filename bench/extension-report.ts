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
  rrwebPages: 'rrweb + a page per action',
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
  /** The whole drive: load, rest, actions, and what the page's own changes cost the recorder meanwhile. */
  driveMs: number;
  /** All tasks of the main thread in the whole drive. */
  busyMs: number;
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
    driveMs: medianOf(drives.map(({ load, acting }) => load.recorderMs + acting.recorderMs)),
    busyMs: medianOf(drives.map(({ load, acting }) => load.busyMs + acting.busyMs)),
  };
}

function selectorsOf({ drives }: PageResult) {
  const times = drives.ours.flatMap(({ selectorsMs }) => selectorsMs);
  return { p50: quantileOf(times, 0.5), p95: quantileOf(times, 0.95) };
}

/** Ours divided by the other, of one figure. */
function ratio({ drives }: PageResult, other: SideName, figure: 'perActionMs' | 'driveMs'): number {
  return figuresOfSide(drives.ours)[figure] / figuresOfSide(drives[other])[figure];
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
    'whole drive',
    'all tasks',
  ];
  return results.map((result) => {
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
        isRecorder ? figures.driveMs : null,
        figures.busyMs,
      ];
    });
    const { p50, p95 } = selectorsOf(result);
    const words = (['rrweb', 'rrwebPages'] as const).map(
      (other) =>
        `CodeSight against ${names[other]}: ${precise(ratio(result, other, 'perActionMs'), 3)} per action, ` +
        `${precise(ratio(result, other, 'driveMs'), 3)} over the whole drive.\n`,
    );
    return (
      tableOf(result.name, head, rows) +
      `Selectors of one element: p50 ${precise(p50, 3)} ms, p95 ${precise(p95, 3)} ms.\n` +
      words.join('')
    );
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
      ratioToRrweb: ratiosTo(result, 'rrweb'),
      ratioToRrwebWithPages: ratiosTo(result, 'rrwebPages'),
      events: sumOf(result.drives.ours.map(({ acting }) => acting.events.length)),
    })),
    machine: { cpus: availableParallelism(), load: precise(loadavg()[0] ?? 0, 3) },
  };
}

function ratiosTo(result: PageResult, other: SideName) {
  return {
    perAction: precise(ratio(result, other, 'perActionMs'), 3),
    wholeDrive: precise(ratio(result, other, 'driveMs'), 3),
  };
}

function preciseAll(value: object): object {
  return JSON.parse(JSON.stringify(value), (_key, each: unknown) =>
    typeof each === 'number' ? precise(each, 3) : each,
  ) as object;
}
