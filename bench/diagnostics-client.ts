import { Agent, request as post } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { answerParent } from './child.ts';
import { reportsOf } from './diagnostics-reports.ts';
import { callFor, type Round, timed } from './ingest-loop.ts';

/** Where the server is and what this process reports. */
export type ReportTask = {
  url: string;
  key: string;
  lanes: number;
  size: number;
  seed: number;
  isStorm: boolean;
};

let task: ReportTask | null = null;
let lanes: (() => Promise<number>)[] = [];

/** Reports by `POST /api/reports` over connections that stay open, as our reporter does. */
export const handlers = {
  open: async (given: ReportTask) => {
    task = given;
    const agent = new Agent({ keepAlive: true, maxSockets: given.lanes });
    lanes = Array.from({ length: given.lanes }, (_, index) =>
      openLane(given, agent, given.seed + index * 100_000),
    );
  },
  run: ({ seconds }: { seconds: number }) => callFor(seconds, lanes, task?.size ?? 0),
  pace: ({ seconds, perSecond }: { seconds: number; perSecond: number }) =>
    callByClock(seconds, perSecond / (task?.size ?? 1)),
  /** So many calls in all, as fast as they are taken. */
  count: async ({ calls }: { calls: number }) => {
    let left = calls;
    const latenciesMs: number[] = [];
    await Promise.all(
      lanes.map(async (call) => {
        while (left > 0) {
          left -= 1;
          latenciesMs.push(await call());
        }
      }),
    );
    return { latenciesMs };
  },
};

answerParent(handlers);

/**
 * Calls at random instants, whether the ones before were answered or not (exponential gaps). Latencies are
 * from the instant at which a call was due, so that a stall is counted by all that it held up.
 */
function callByClock(seconds: number, callsPerSecond: number): Promise<Round> {
  return timed(task?.size ?? 0, async (latenciesMs, begun) => {
    const answers: Promise<unknown>[] = [];
    for (let due = begun; due < begun + seconds * 1_000; ) {
      const early = due - performance.now();
      if (early > 0) await delay(early);
      const call = lanes[answers.length % lanes.length];
      const dueAt = due;
      if (call) answers.push(call().then(() => latenciesMs.push(performance.now() - dueAt)));
      due += (-Math.log(1 - Math.random()) / callsPerSecond) * 1_000;
    }
    await Promise.all(answers);
  });
}

function openLane(
  { url, key, size, seed, isStorm }: ReportTask,
  agent: Agent,
  offset: number,
): () => Promise<number> {
  const next = reportsOf(seed + offset, isStorm);
  return async () => {
    const body = JSON.stringify({ sentAt: new Date().toISOString(), reports: next(size) });
    const begun = performance.now();
    const answer = await send(`${url}/api/reports`, key, body, agent);
    const ms = performance.now() - begun;
    const accepted = answer.outcomes?.filter(({ outcome }) => outcome === 'ACCEPTED').length;
    if (accepted !== size)
      throw new Error(
        `Expected ${size} reports to be accepted, got ${JSON.stringify(answer).slice(0, 500)}.`,
      );
    return ms;
  };
}

type Answer = { outcomes?: { outcome: string }[] };

function send(url: string, key: string, body: string, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    };
    const request = post(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('end', () => resolve(JSON.parse(text) as Answer)).once('error', reject);
    });
    request.once('error', reject).end(body);
  });
}
