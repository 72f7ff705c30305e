import { getVariableValues, Kind, type OperationDefinitionNode, parse } from 'graphql';
import { RecordInteractionsDocument } from '../src/generated/client/graphql.ts';
import type { Viewer } from '../src/graphql/context.ts';
import { openOperations } from '../src/graphql/operations.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';
import { loadConfig } from '../src/platform/config.ts';
import { macOf, openKeys, seal } from '../src/platform/keys.ts';
import { openLog } from '../src/platform/log.ts';
import { openMetrics } from '../src/platform/metrics.ts';
import { packJson } from '../src/platform/packed-json.ts';
import { childOf } from '../src/platform/trace.ts';
import { redactInteraction } from '../src/privacy/redact.ts';
import { schema } from '../src/schema.ts';
import { packOne } from '../src/sessions/packing.ts';
import {
  type IncomingInteraction,
  type PreparedRow,
  prepareInteraction,
} from '../src/sessions/prepare.ts';
import { makeWriter } from '../src/sessions/writer.ts';
import { quantileOf } from './figures.ts';
import type { Shape } from './ingest-loop.ts';
import { rowsOf } from './ingest-rows.ts';

/** Microseconds per row of each step inside the server, in the order in which a row meets them. */
export type StepMicros = Record<Step, number>;

export const steps = {
  parse: 'JSON.parse of the message',
  coerce: 'GraphQL: check the types',
  body: 'canonical JSON, limits, columns',
  redact: 'redaction',
  mac: 'MAC',
  seal: 'compression and sealing',
  encode: 'parameters of the statement',
  execute: 'GraphQL: execution and answer, acknowledgement',
} as const;

type Step = keyof typeof steps;

const query = RecordInteractionsDocument.toString();

/**
 * Runs the server's own code on the bodies of the bench, in this process and one step at a time. The
 * database is played by a function that has stored everything at once. Steps that are not exported
 * are differences of two that are, so they carry the noise of both.
 */
export async function measureSteps({ width, size }: Shape, seconds: number): Promise<StepMicros> {
  const { app, viewer, close } = await openStandIn();
  try {
    const operations = openOperations(app, schema);
    const caller = {
      viewer,
      transport: 'WEBSOCKET',
      address: '127.0.0.1',
      trace: childOf(null),
      recheck: async () => viewer,
    } as const;
    const key = app.keys.open(ownerId, app.keys.create(ownerId));
    const sources = Array.from({ length: width }, (_, index) => rowsOf(index + 1));
    const document = parse(query);
    const operation = document.definitions.find(
      (node): node is OperationDefinitionNode => node.kind === Kind.OPERATION_DEFINITION,
    );
    const coerce = (variables: Record<string, unknown>) => {
      const made = getVariableValues(schema, operation?.variableDefinitions ?? [], variables);
      if (made.errors) throw made.errors[0];
      const { input } = made.variableValues.coerced as {
        input: { interactions: IncomingInteraction[] };
      };
      return input.interactions;
    };
    const prepare = (items: IncomingInteraction[]) =>
      items.map((item) => prepareInteraction(key, item)) as PreparedRow[];

    // One batch is what all sockets send at once.
    const messages = () =>
      sources.map((next, index) => {
        const input = { sessionId: sessionIds[index], interactions: next(size) };
        return JSON.stringify({
          id: newId(),
          type: 'subscribe',
          payload: { query, variables: { input } },
        });
      });
    const payloads = () => messages().map((text) => JSON.parse(text).payload.variables);
    const items = () => payloads().map(coerce);
    const rows = () => items().map(prepare);
    const perRow = <T>(given: () => T[], work: (batch: T[]) => unknown) =>
      microsOf(seconds / 8, given, work).then((micros) => micros / width / size);

    const parseMicros = await perRow(messages, (batch) => batch.map((text) => JSON.parse(text)));
    const coerceMicros = await perRow(payloads, (batch) => batch.map(coerce));
    const prepareMicros = await perRow(items, (batch) => batch.map(prepare));
    const redact = await perRow(items, (batch) => batch.map((call) => call.map(redactInteraction)));
    const bodies = () =>
      items().map((call) => call.map((item) => Buffer.from(JSON.stringify(item))));
    const mac = await perRow(bodies, (batch) =>
      batch.map((call) => call.map((body) => macOf(key, body))),
    );
    const sealMicros = await perRow(rows, (batch) =>
      batch.map((call) => {
        const details = call.flatMap(({ detail }) => detail ?? []);
        const [only, ...others] = details;
        const packed = only && others.length === 0 ? packOne(only) : packJson(details);
        return seal(key, packed, 'interaction-chunk/bench');
      }),
    );
    const writer = makeWriter(app);
    const write = await perRow(rows, (batch) =>
      Promise.all(
        batch.map((call, index) =>
          writer.write({
            projectId,
            sessionId: sessionIds[index] ?? '',
            key,
            rows: call,
            preparedMs: 0,
          }),
        ),
      ),
    );
    const answer = await perRow(payloads, (batch) =>
      Promise.all(
        batch.map(async (variables) => {
          const admitted = operations.admit({ query, variables }, caller);
          if ('errors' in admitted) throw admitted.errors[0];
          const result = await operations.answer(admitted);
          if (result.errors) throw result.errors[0];
          if (!isReceipt(result.data?.recordInteractions))
            throw new Error(`Expected a receipt, got ${JSON.stringify(result)}.`);
          return JSON.stringify({ id: 'id', type: 'next', payload: result });
        }),
      ),
    );
    return {
      parse: parseMicros,
      coerce: coerceMicros,
      body: Math.max(0, prepareMicros - redact - mac),
      redact,
      mac,
      seal: sealMicros,
      encode: Math.max(0, write - sealMicros),
      execute: Math.max(0, answer - coerceMicros - prepareMicros - write),
    };
  } finally {
    close();
  }
}

/**
 * The lower quartile of the times of a batch, in microseconds: other programs only ever add to it.
 * What is given to the work is made while no time is taken.
 */
async function microsOf<T>(
  seconds: number,
  given: () => T[],
  work: (batch: T[]) => unknown,
): Promise<number> {
  const begun = performance.now();
  const times: number[] = [];
  const isWarm = () => performance.now() - begun > seconds * 300;
  for (let now = begun; now - begun < seconds * 1000 || times.length < 3; ) {
    const batch = given();
    const start = performance.now();
    await work(batch);
    now = performance.now();
    if (isWarm()) times.push((now - start) * 1000);
  }
  return quantileOf(times, 0.25);
}

const projectId = newId();
const ownerId = newId();
const sessionIds = Array.from({ length: 64 }, newId);

/** An app without anything outside this process: every session is known, every row is new. */
async function openStandIn(): Promise<{ app: App; viewer: Viewer; close: () => void }> {
  const metrics = openMetrics();
  const masterKey = Buffer.alloc(32, 7).toString('base64');
  const config = loadConfig({
    MASTER_KEY: masterKey,
    RATE_LIMIT_MAX_REQUESTS: '10000000',
    MAX_EVENT_LOOP_DELAY_MS: '60000', // the loop is busy here, and a refusal is not the answer that is timed
  });
  const keys = await openKeys(config);
  const participantId = newId();
  const findUnique = async ({ where: { id } }: { where: { id: string } }) => ({
    projectId,
    participantId,
    key: keys.create(id),
  });
  const sql = {
    query: async ({ name, values }: { name?: string; values: Buffer[] }) => {
      if (!name?.startsWith('ingest')) return { rows: [{ upTo: null }] };
      const sequences = elementsOf(values[4]);
      const fresh = new Map<string, number[]>();
      elementsOf(values[2]).forEach((id, index) => {
        const list = fresh.get(uuidOf(id)) ?? [];
        list.push(sequences[index]?.readInt32BE() ?? 0);
        fresh.set(uuidOf(id), list);
      });
      const lines = [...fresh].map(([id, list]) => `${id} ${projectId} ACTIVE ${list.join(',')}`);
      return { rows: [{ sessions: lines.join(';') }] };
    },
  };
  const app = {
    config,
    metrics,
    keys,
    sql,
    log: openLog('silent'),
    db: { session: { findUnique } },
  } as unknown as App;
  const viewer: Viewer = {
    kind: 'KEY',
    id: newId(),
    projectId,
    participantId,
    scopes: new Set(['CAPTURE']),
    expiresAt: null,
  };
  return { app, viewer, close: () => metrics.close() };
}

function isReceipt(answer: unknown): boolean {
  return answer instanceof Object && 'stored' in answer;
}

/** The elements of a binary array without nulls. */
function elementsOf(array: Buffer = Buffer.alloc(0)): Buffer[] {
  const elements: Buffer[] = [];
  for (let at = 20; at < array.length; at += 4 + array.readInt32BE(at))
    elements.push(array.subarray(at + 4, at + 4 + array.readInt32BE(at)));
  return elements;
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
