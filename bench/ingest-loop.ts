/** How the clients of one side send. */
export type Shape = {
  name: string;
  /** Sockets or connections, over all client processes. */
  width: number;
  /** Interactions in one call. */
  size: number;
};

/** What one client process did in one round. */
export type Round = {
  /** Instants, in milliseconds since the epoch. */
  begunAt: number;
  endedAt: number;
  calls: number;
  rows: number;
  /** Of each call, from its sending to its acknowledgement. */
  latenciesMs: number[];
  /** CPU time of the process. */
  cpuMicros: number;
};

/**
 * Every lane calls, waits for the acknowledgement and calls again, until the time is over; once at
 * the least.
 *
 * @param lanes each sends one call and answers with the milliseconds to its acknowledgement
 */
export async function callFor(
  seconds: number,
  lanes: (() => Promise<number>)[],
  size: number,
): Promise<Round> {
  return timed(size, async (latenciesMs, begun) => {
    const until = begun + seconds * 1000;
    await Promise.all(
      lanes.map(async (call) => {
        do latenciesMs.push(await call());
        while (performance.now() < until);
      }),
    );
  });
}

/**
 * A round of whatever `work` does.
 *
 * @param work puts the latency of each call into the list; `begun` is an instant of `performance.now()`
 */
export async function timed(
  size: number,
  work: (latenciesMs: number[], begun: number) => Promise<void>,
): Promise<Round> {
  const latenciesMs: number[] = [];
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await work(latenciesMs, begun);
  const ended = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return {
    begunAt: performance.timeOrigin + begun,
    endedAt: performance.timeOrigin + ended,
    calls: latenciesMs.length,
    rows: latenciesMs.length * size,
    latenciesMs,
    cpuMicros: user + system,
  };
}
