import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AudioClipRecord } from '../src/contract/audio.ts';
import type { ScreenshotRecord, SnapshotRecord } from '../src/contract/image.ts';
import type { SessionRecord } from '../src/contract/recording.ts';
import type { Viewer } from '../src/graphql/context.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';
import { type IngestReceipt, recordInteractions } from '../src/sessions/ingest.ts';
import type { EndInput } from '../src/sessions/lifecycle.ts';
import { handleObject, objectActions } from '../src/sessions/objects.ts';
import type { IncomingInteraction, IncomingTombstone } from '../src/sessions/prepare.ts';
import { startSession } from '../src/sessions/start.ts';

export function aStart(more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: newId(),
    kind: 'HUMAN',
    task: 'Buy a green shirt',
    startUrl: 'https://shop.example/',
    startedAt: '2026-01-02T03:04:05.000Z',
    client: { name: 'test', version: '1' },
    ...more,
  };
}

/** Starts a session and answers with its id. */
export async function makeSession(
  app: App,
  viewer: Viewer,
  more: Partial<SessionRecord> = {},
): Promise<string> {
  return (await startSession(app, viewer, aStart(more))).id;
}

export function anInteraction(
  sequence: number,
  more: Partial<IncomingInteraction> = {},
): IncomingInteraction {
  return {
    id: newId(),
    sequence,
    type: 'CLICK',
    occurredAt: new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + sequence * 1000),
    sessionTimeMs: sequence * 1000,
    url: 'https://shop.example/shirts',
    pageTitle: 'Shirts',
    target: { tag: 'button', role: 'button', name: 'Add to cart' },
    selectors: [{ strategy: 'ROLE_NAME', value: 'button[name="Add to cart"]', matchCount: 1 }],
    ...more,
  };
}

/** Interactions with these sequences. */
export function interactions(...sequences: number[]): IncomingInteraction[] {
  return sequences.map((sequence) => anInteraction(sequence));
}

/** The numbers from 1 to `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

export function record(
  app: App,
  viewer: Viewer,
  sessionId: string,
  sent: IncomingInteraction[],
  tombstones: IncomingTombstone[] = [],
): Promise<IngestReceipt> {
  // As at the door, nobody else holds the items.
  return recordInteractions(app, viewer, {
    sessionId,
    interactions: structuredClone(sent),
    tombstones,
  });
}

/** A change of a session with an operation of its own. */
export function aChange(sessionId: string): { sessionId: string; operationId: string } {
  return { sessionId, operationId: newId() };
}

/** The end of a session that holds so many interactions and nothing else. */
export function anEnd(
  sessionId: string,
  lastSequence: number,
  more: Partial<EndInput> = {},
): EndInput {
  return {
    ...aChange(sessionId),
    endedAt: new Date(Date.UTC(2026, 0, 2, 4)),
    lastSequence,
    screenshotCount: 0,
    snapshotCount: 0,
    dropped: [],
    hold: false,
    ...more,
  };
}

/** Bytes that begin like a WebP and hold `words` beside a kilobyte of the same letter. */
export function aPicture(words = 'picture', bytes = 1024): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from(`RIFF\0\0\0\0WEBP${words}`), Buffer.alloc(bytes, 'p')]);
}

export function aScreenshot(body: Buffer, more: Partial<ScreenshotRecord> = {}): ScreenshotRecord {
  return {
    id: newId(),
    trigger: 'BEFORE_ACTION',
    capturedAt: '2026-01-02T03:04:06.000Z',
    url: 'https://shop.example/shirts',
    width: 1280,
    height: 720,
    devicePixelRatio: 1,
    scrollX: 0,
    scrollY: 0,
    mimeType: 'image/webp',
    bytes: body.length,
    sha256: sha256(body),
    masks: [],
    ...more,
  };
}

export function aSnapshot(html: string, more: Partial<SnapshotRecord> = {}): SnapshotRecord {
  return {
    id: newId(),
    capturedAt: '2026-01-02T03:04:06.000Z',
    url: 'https://shop.example/shirts',
    title: 'Shirts',
    bytes: Buffer.byteLength(html),
    sha256: sha256(html),
    ...more,
  };
}

/** Bytes that begin like a WebM and hold `words` beside silence. */
export function aSound(words = 'sound', bytes = 1024): Buffer<ArrayBuffer> {
  const head = '1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701';
  return Buffer.concat([Buffer.from(head, 'hex'), Buffer.from(words), Buffer.alloc(bytes)]);
}

export function anAudioClip(body: Buffer, more: Partial<AudioClipRecord> = {}): AudioClipRecord {
  return {
    id: newId(),
    startedAt: '2026-01-02T03:04:06.000Z',
    durationMs: 60_000,
    mimeType: 'audio/webm',
    bytes: body.length,
    sha256: sha256(body),
    ...more,
  };
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The door for uploads on a free port; answers with its origin. */
export async function serveObjects(app: App): Promise<string> {
  const server = createServer(
    (request, response) => void handleObject(app, objectActions, request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Every row of every table, ours and the queue's, as text; bytes in hexadecimal and as Latin-1. */
export async function dumpDatabase({ sql }: Pick<App, 'sql'>): Promise<string> {
  const { rows: tables } = await sql.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname IN ('public', 'pgboss')`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql.query<Record<string, unknown>>(`SELECT t.* FROM ${name} t`);
    for (const row of rows)
      for (const value of Object.values(row))
        texts.push(Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value));
  }
  return texts.join('\n');
}

/** How many statements both pools send while `work` runs. */
export async function countStatements(app: App, work: () => Promise<unknown>): Promise<number> {
  const { sql } = app;
  const query: (...args: unknown[]) => unknown = sql.query;
  let plain = 0;
  const before = app.database.statements();
  Object.assign(sql, {
    query(...args: unknown[]) {
      plain += 1;
      return query.apply(sql, args);
    },
  });
  try {
    await work();
  } finally {
    Object.assign(sql, { query });
  }
  return app.database.statements() - before + plain;
}
