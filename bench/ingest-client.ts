import { type Client, createClient } from 'graphql-ws/client';
import { WebSocket } from 'ws';
import {
  RecordInteractionsDocument,
  StartSessionDocument,
} from '../src/generated/client/graphql.ts';
import { newId } from '../src/lib/ids.ts';
import { answerParent } from './child.ts';
import { callFor } from './ingest-loop.ts';
import { rowsOf } from './ingest-rows.ts';

/** Where the server is and what this process sends to it. */
export type ClientTask = { url: string; key: string; sockets: number; size: number; seed: number };

const recordInteractions = RecordInteractionsDocument.toString();
let lanes: (() => Promise<number>)[] = [];
let size = 1;

/** The side of CodeSight: the stock graphql-ws client, each socket with a session of its own. */
export const handlers = {
  open: async (task: ClientTask) => {
    size = task.size;
    lanes = await Promise.all(
      Array.from({ length: task.sockets }, (_, index) => openLane(task, task.seed + index)),
    );
  },
  run: ({ seconds }: { seconds: number }) => callFor(seconds, lanes, size),
};

answerParent(handlers);

async function openLane(task: ClientTask, seed: number): Promise<() => Promise<number>> {
  const client = createClient({
    url: `${task.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: false,
    connectionParams: { token: task.key },
    retryAttempts: 0,
    onNonLazyError: (error) => {
      throw error;
    },
  });
  const sessionId = newId();
  const { startSession } = await call(client, StartSessionDocument.toString(), {
    id: sessionId,
    kind: 'AUTOMATED',
    task: 'Bench',
    startUrl: 'https://shop.example/',
    startedAt: new Date().toISOString(),
    client: { name: 'bench', version: '1' },
  });
  expect(startSession, { __typename: 'SessionStarted', acknowledged: 0 });

  const next = rowsOf(seed);
  return async () => {
    const interactions = next(task.size);
    const begun = performance.now();
    const answer = await call(client, recordInteractions, { sessionId, interactions });
    const ms = performance.now() - begun;
    expect(answer.recordInteractions, {
      __typename: 'IngestReceipt',
      acknowledged: interactions.at(-1)?.sequence,
      stored: interactions.length,
      repeated: 0,
      conflicting: [],
      rejected: [],
    });
    return ms;
  };
}

function call(client: Client, query: string, input: object): Promise<Record<string, object>> {
  return new Promise((resolve, reject) => {
    let data: Record<string, object> | null | undefined;
    client.subscribe<Record<string, object>>(
      { query, variables: { input } },
      {
        next: (result) => {
          if (result.errors) reject(new Error(`Expected an answer, got ${JSON.stringify(result)}`));
          data = result.data;
        },
        error: (error) =>
          reject(
            error instanceof Error
              ? error
              : new Error(`The socket failed: ${JSON.stringify(error)}`),
          ),
        complete: () => (data ? resolve(data) : reject(new Error('Expected an answer, got none.'))),
      },
    );
  });
}

/** @throws when the answer differs in one of the fields: rows that are not stored must not count */
function expect(answer: object | undefined, fields: Record<string, unknown>): void {
  for (const [name, expected] of Object.entries(fields)) {
    const got = (answer as Record<string, unknown> | undefined)?.[name];
    const isSame = Array.isArray(expected)
      ? Array.isArray(got) && got.length === expected.length
      : got === expected;
    if (!isSame)
      throw new Error(`Expected ${name} ${String(expected)}, got ${JSON.stringify(answer)}`);
  }
}
