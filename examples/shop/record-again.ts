/**
 * Records the demo's session anew, with the extension in a real browser, into `examples/shop/recording`:
 *
 *     npx node examples/shop/record-again.ts
 *
 * The session is held back, so that nothing is sent: what is written is what the extension holds, in the
 * form in which it would have left the browser.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { startServer } from '../../bench/server.ts';
import { consentText } from '../../extension/face/consent-text.ts';
import type { Reply, Requests } from '../../extension/messages.ts';
import { extensionOrigin } from '../../src/contract/extension.ts';
import type { ScreenshotRecord, SnapshotRecord } from '../../src/contract/image.ts';
import type { InteractionRecord, Tombstone } from '../../src/contract/interaction.ts';
import { SessionRecord } from '../../src/contract/recording.ts';
import { findChromium } from '../../src/record/browser.ts';
import { buildExtension, launchInstalled, prepareProfile } from '../../src/record/extension.ts';
import { writeRecording } from '../../src/record/recording.ts';
import { open, run, task } from './buy-a-jacket.ts';

/** A person needs about so long to see what came of an action, and to move on. */
const pauseMs = 900;

type Ask = <K extends keyof Requests>(
  type: K,
  ask: Requests[K]['ask'],
) => Promise<Requests[K]['answer']>;

/** A session as the extension's store holds it; bytes in base64. */
type Held = {
  session: { startedAt: string; endedAt: string };
  interactions: (InteractionRecord | Tombstone)[];
  blobs: { kind: string; record: ScreenshotRecord | SnapshotRecord; bytes: string }[];
};

const folder = await mkdtemp(join(tmpdir(), 'codesight-record-'));
const server = await startServer({});
const shop = await open();
try {
  const context = await launch(folder);
  try {
    await write(await record(context));
  } finally {
    await context.close();
  }
} finally {
  await shop.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function launch(into: string): Promise<BrowserContext> {
  const profile = join(into, 'profile');
  await buildExtension(join(into, 'extension'));
  await prepareProfile(profile);
  return launchInstalled({
    folder: join(into, 'extension'),
    profile,
    executablePath: findChromium(undefined, process.env.PATH),
    slowMo: pauseMs,
  });
}

async function record(context: BrowserContext): Promise<Held> {
  const face = await context.newPage();
  await face.goto(`${extensionOrigin}/options.html`);
  const ask: Ask = async (type, question) => {
    const reply = await face.evaluate(
      (message) => {
        type Extension = { runtime: { sendMessage(message: unknown): Promise<Reply<unknown>> } };
        const { chrome } = globalThis as unknown as { chrome: Extension };
        return chrome.runtime.sendMessage(message);
      },
      { type, ask: question },
    );
    if (!reply.ok) throw new Error(`${reply.message} ${reply.advice}`);
    return reply.answer as Requests[typeof type]['answer'];
  };
  const tested = await ask('connection.save', { url: server.url, key: server.key });
  if (!tested.ok) throw new Error(`${tested.message} ${tested.advice}`);
  const { version, locale } = consentText;
  await ask('consent.give', { version, locale });
  await ask('settings.save', { isHeld: true, notifies: false });

  const [first] = context.pages();
  const page = first ?? (await context.newPage());
  await page.goto(shop.url);
  await page.bringToFront();
  const { sessionId } = await ask('session.start', { task });
  await run(page, shop.url);
  await ask('session.stop', null);
  return readHeld(face, sessionId);
}

async function readHeld(face: Page, sessionId: string): Promise<Held> {
  return (await face.evaluate(readStore, sessionId)) as Held;
}

/** Runs in a page of the extension. */
async function readStore(sessionId: string): Promise<unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: types of the DOM are not known to Node's programs
  const { indexedDB } = globalThis as any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const done = (request: any): Promise<any> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await done(indexedDB.open('codesight'));
  const all = (store: string) => done(database.transaction(store).objectStore(store).getAll());
  const own = (row: { sessionId: string }) => row.sessionId === sessionId;
  const { session } = await done(
    database.transaction('sessions').objectStore('sessions').get(sessionId),
  );
  const blobs = [];
  for (const { id, kind, record } of (await all('blobs')).filter(own)) {
    const bytes = await done(database.transaction('bytes').objectStore('bytes').get(id));
    if (!bytes) continue;
    const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
    blobs.push({ kind, record, bytes: btoa(text) });
  }
  const rows = (await all('interactions')).filter(own);
  database.close();
  return { session, blobs, interactions: rows.map(({ item }: { item: unknown }) => item) };
}

async function write({ session, interactions, blobs }: Held): Promise<void> {
  const target = fileURLToPath(new URL('./recording', import.meta.url));
  const sink = writeRecording(target);
  // Whoever plays it is another participant, who has agreed to nothing yet.
  await sink.start(SessionRecord.parse({ kind: 'HUMAN', ...session, consentId: undefined }));
  for (const item of interactions.toSorted((a, b) => a.sequence - b.sequence))
    await sink.interaction(item);
  const byTime = blobs.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  for (const { kind, record, bytes } of byTime) {
    const body = Buffer.from(bytes, 'base64');
    if (kind === 'screenshot') await sink.screenshot(record as ScreenshotRecord, body);
    else if (kind === 'snapshot') await sink.snapshot(record as SnapshotRecord, body);
  }
  await sink.end(session.endedAt);
  const pictures = blobs.filter(({ kind }) => kind === 'screenshot').length;
  process.stdout.write(
    `${interactions.length} interactions, ${pictures} pictures, ${blobs.length - pictures} pages → ${target}\n`,
  );
}

function timeOf({ record }: Held['blobs'][number]): string {
  return record.capturedAt;
}
