import type { CDPSession } from 'playwright-core';
import { sumOf } from './figures.ts';
import { tableOf } from './table.ts';

/** https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile; deltas in µs. */
export type CpuProfile = {
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string };
    children?: number[];
  }[];
  samples: number[];
  timeDeltas: number[];
};

type Node = CpuProfile['nodes'][number];

/** A sample each so many µs: finer than the shortest listener that matters. */
const INTERVAL = 50;
const MOST_ROWS = 40;

/** Samples the main thread meanwhile. */
export async function profiled(
  session: CDPSession,
  work: () => Promise<void>,
): Promise<CpuProfile> {
  await session.send('Profiler.enable');
  await session.send('Profiler.setSamplingInterval', { interval: INTERVAL });
  await session.send('Profiler.start');
  await work();
  const { profile } = await session.send('Profiler.stop');
  return profile as CpuProfile;
}

/**
 * Milliseconds for each action by function of the recorder: within itself and what it asked of the browser, and
 * with all that it called. Wall time, so only the shares count on a busy machine.
 *
 * @param script name of the recorder's script
 */
export function tableOfProfile(
  name: string,
  { nodes, samples, timeDeltas }: CpuProfile,
  { script, actions }: { script: string; actions: number },
): string {
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((kid) => [kid, id])),
  );
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const own = new Map<string, number>();
  const all = new Map<string, number>();
  const isOurs = ({ callFrame }: Node) => callFrame.url === script;
  for (const [index, id] of samples.entries()) {
    const ms = (timeDeltas[index] ?? 0) / 1_000 / actions;
    const path: string[] = [];
    for (let at = byId.get(id); at; at = byId.get(parents.get(at.id) ?? 0))
      if (isOurs(at)) path.push(at.callFrame.functionName || '(unnamed)');
    const [first] = path;
    if (first === undefined) continue;
    own.set(first, (own.get(first) ?? 0) + ms);
    for (const each of new Set(path)) all.set(each, (all.get(each) ?? 0) + ms);
  }
  const rows = [...all]
    .sort(([a, x], [b, y]) => (own.get(b) ?? 0) - (own.get(a) ?? 0) || y - x)
    .slice(0, MOST_ROWS)
    .map(([each, ms]) => [each, own.get(each) ?? 0, ms]);
  const total = sumOf([...own.values()]);
  return tableOf(
    `${name}: ${total.toFixed(2)} ms an action`,
    ['function', 'itself', 'with callees'],
    rows,
  );
}
