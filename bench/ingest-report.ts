import { availableParallelism, cpus } from 'node:os';
import type { CpuMicros } from './cpu.ts';
import { medianOf, precise, quantileOf, sumOf } from './figures.ts';
import type { Shape } from './ingest-loop.ts';
import { type StepMicros, steps } from './ingest-steps.ts';
import { type Cell, rounded, tableOf } from './table.ts';

/** CPU time by who spent it, in microseconds. */
type Cpu = {
  clients: CpuMicros;
  server: CpuMicros;
  postgres: CpuMicros;
  machine: CpuMicros;
};

/** All client processes of one side in one round. */
export type SideRound = {
  seconds: number;
  rows: number;
  /** Those and what was sent right after it. */
  storedRows: number;
  latenciesMs: number[];
  cpu: Cpu;
  statementsPerCall: number;
};

export type ShapeResult = {
  shape: Shape;
  /** The timed rounds; those that warm up are not among them. */
  ours: SideRound[];
  bare: SideRound[];
  /** Rows that were acknowledged, while warming up too. */
  rows: { ours: number; bare: number };
  steps: StepMicros;
};

type SideFigures = {
  perSecond: number;
  lowest: number;
  highest: number;
  ackMs: { p50: number; p99: number };
  statementsPerCall: number;
  /** Per row; `null` where the system does not tell. */
  usPerRow: { clients: number | null; server: number | null; postgres: number | null };
};

function figuresOfSide(rounds: SideRound[]): SideFigures {
  const rates = rounds.map(({ rows, seconds }) => rows / seconds);
  const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs);
  const rows = sumOf(rounds.map((round) => round.rows));
  const perRow = (who: keyof Cpu) => {
    const spent = rounds.map(({ cpu }) => cpu[who]);
    return spent.some((micros) => micros === null) ? null : sumOf(spent.map(Number)) / rows;
  };
  return {
    perSecond: medianOf(rates),
    lowest: Math.min(...rates),
    highest: Math.max(...rates),
    ackMs: { p50: quantileOf(latencies, 0.5), p99: quantileOf(latencies, 0.99) },
    statementsPerCall: medianOf(rounds.map((round) => round.statementsPerCall)),
    usPerRow: {
      clients: perRow('clients'),
      server: perRow('server'),
      postgres: perRow('postgres'),
    },
  };
}

export function tables(results: ShapeResult[]): string[] {
  const rates = results.flatMap(({ shape, ours, bare }) => {
    const [mine, theirs] = [figuresOfSide(ours), figuresOfSide(bare)];
    const line = (name: string, side: SideFigures, ratio: Cell): Cell[] => [
      name,
      rounded(side.perSecond),
      `${rounded(side.lowest)}–${rounded(side.highest)}`,
      ratio,
      side.ackMs.p50,
      side.ackMs.p99,
      side.statementsPerCall,
    ];
    return [
      line(shape.name, mine, mine.perSecond / theirs.perSecond),
      line('  bare pg', theirs, '1'),
    ];
  });
  const head = [
    '',
    'rows/s',
    'lowest–highest',
    'ratio',
    'ack p50 ms',
    'ack p99 ms',
    'statements/call',
  ];

  const sides = results.map((result) => ({
    ours: figuresOfSide(result.ours).usPerRow,
    bare: figuresOfSide(result.bare).usPerRow,
    steps: result.steps,
  }));
  const row = (name: string, cell: (side: (typeof sides)[number]) => [Cell, Cell]): Cell[] => [
    name,
    ...sides.flatMap(cell),
  ];
  const time = [
    row('clients', ({ ours, bare }) => [ours.clients, bare.clients]),
    row('server', ({ ours }) => [ours.server, '']),
    ...Object.entries(steps).map(([step, title]) =>
      row(`  ${title}`, (side) => [side.steps[step as keyof StepMicros], '']),
    ),
    row('  the rest: sockets, driver, memory', ({ ours, steps }) => [
      restOf(ours.server, steps),
      '',
    ]),
    row('Postgres', ({ ours, bare }) => [ours.postgres, bare.postgres]),
    row('all', ({ ours, bare }) => [allOf(ours), allOf(bare)]),
  ];
  const timeHead = ['', ...results.flatMap(({ shape }) => [shape.name, 'bare'])];
  return [
    tableOf('Interactions stored and acknowledged', head, rates),
    tableOf('Where the time goes: µs of CPU per row', timeHead, time),
  ];
}

function restOf(server: number | null, micros: StepMicros): number | null {
  return server === null ? null : Math.max(0, server - sumOf(Object.values(micros)));
}

function allOf({ clients, server, postgres }: SideFigures['usPerRow']): number | null {
  return clients === null || postgres === null ? null : clients + (server ?? 0) + postgres;
}

export function whatDominates(results: ShapeResult[]): string {
  const sentences = results.map(({ shape, ours, steps: micros }) => {
    const { clients, server, postgres } = figuresOfSide(ours).usPerRow;
    const named = Object.entries(steps).map(([step, title]) => ({
      title,
      micros: micros[step as keyof StepMicros],
    }));
    const rest = { title: 'sockets, driver and memory', micros: restOf(server, micros) ?? 0 };
    const [first, second] = [...named, rest].toSorted((a, b) => b.micros - a.micros);
    const all = (clients ?? 0) + (server ?? 0) + (postgres ?? 0);
    const share = (part: number | null) => `${Math.round((100 * (part ?? 0)) / all)} %`;
    const say = (step = rest) => `${step.title} (${rounded(step.micros)} µs)`;
    return `${shape.name}: the server takes ${share(server)} of the CPU time, Postgres ${share(postgres)}, the clients ${share(clients)}; inside the server most goes to ${say(first)} and ${say(second)}.`;
  });
  const idle = results.map((result) => othersOf(result));
  if (idle.some((share) => share !== null && share > 0.1))
    sentences.push(
      `Other programs took up to ${Math.round(100 * Math.max(...idle.map(Number)))} % of the machine meanwhile. They hurt one busy process more than many: compare µs of CPU, and measure rates and ratios again when the machine is idle.`,
    );
  return sentences.join('\n');
}

/** Share of the machine that other programs used during the timed rounds, 0 to 1. */
function othersOf({ ours, bare }: ShapeResult): number | null {
  const rounds = [...ours, ...bare];
  const spent = rounds.map(({ cpu }) =>
    cpu.machine === null
      ? null
      : cpu.machine - (cpu.clients ?? 0) - (cpu.server ?? 0) - (cpu.postgres ?? 0),
  );
  if (spent.some((micros) => micros === null)) return null;
  const whole = sumOf(rounds.map(({ seconds }) => seconds * 1e6 * cpus().length));
  return Math.max(0, sumOf(spent.map(Number)) / whole);
}

export function figuresOf(results: ShapeResult[], durability: string): object {
  const others = results.map(othersOf).filter((share) => share !== null);
  return {
    bench: 'ingest',
    shapes: results.map(({ shape, ours, bare, rows, steps: micros }) => {
      const [mine, theirs] = [figuresOfSide(ours), figuresOfSide(bare)];
      return {
        name: shape.name,
        oursPerSecond: Math.round(mine.perSecond),
        barePerSecond: Math.round(theirs.perSecond),
        ratio: precise(mine.perSecond / theirs.perSecond, 3),
        ackMs: preciseAll(mine.ackMs),
        bareAckMs: preciseAll(theirs.ackMs),
        statementsPerCall: precise(mine.statementsPerCall, 3),
        usPerRow: {
          ...preciseAll(mine.usPerRow),
          ...preciseAll(micros),
          rest: preciseOrNull(restOf(mine.usPerRow.server, micros)),
        },
        bareUsPerRow: preciseAll({
          clients: theirs.usPerRow.clients,
          postgres: theirs.usPerRow.postgres,
        }),
        rows,
      };
    }),
    machine: {
      cpus: availableParallelism(),
      node: process.versions.node,
      postgres: durability,
      othersShare: others.length === 0 ? null : precise(Math.max(...others), 2),
    },
  };
}

function preciseAll<K extends string>(values: Record<K, number | null>): Record<K, number | null> {
  return Object.fromEntries(
    Object.entries<number | null>(values).map(([name, value]) => [name, preciseOrNull(value)]),
  ) as Record<K, number | null>;
}

function preciseOrNull(value: number | null): number | null {
  return value === null ? null : precise(value, 3);
}
