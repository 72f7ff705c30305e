import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ask, makeViewer, openReplica, openTestApp } from '../../test/app.ts';
import {
  aChange,
  anEnd,
  anInteraction,
  aPicture,
  aScreenshot,
  aSnapshot,
  dumpDatabase,
  interactions,
  makeSession,
  record,
  serveObjects,
} from '../../test/sessions.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { unseal } from '../platform/keys.ts';
import { recordScreenshots, recordSnapshots } from './announce.ts';
import { readDetails } from './details.ts';
import { endSession, updateSession } from './lifecycle.ts';
import { unpack } from './packing.ts';
import type { IncomingInteraction } from './prepare.ts';
import { openSession } from './session-keys.ts';
import { chunkContext, ownContext } from './writer.ts';

const secrets = [
  'ann.miller@example.com',
  '4111 1111 1111 1111',
  '+49 30 901820',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
];
const spilled = `Ann: ${secrets.join(' , ')}`;
const address = (parameter: string) =>
  `https://shop.example/a?${parameter}=${encodeURIComponent(secrets[0] ?? '')}&token=s3cr3tT0ken99`;

/** The secrets in every string that an interaction can carry. */
function spill(): IncomingInteraction {
  const selector = `a[title="${secrets[0]}"]`;
  return anInteraction(1, {
    type: 'INPUT',
    url: address('mail'),
    pageTitle: spilled,
    frame: [{ index: 0, name: spilled, url: address('m'), selector }],
    target: {
      tag: 'div',
      role: spilled,
      name: spilled,
      text: spilled,
      value: spilled,
      attributes: { title: spilled, href: address('to'), [spilled]: spilled },
    },
    selectors: [
      { strategy: 'CSS', value: selector },
      { strategy: 'TEXT', value: spilled },
    ],
    value: spilled,
    before: { url: address('b'), title: spilled, activeElement: selector },
    after: { url: address('c'), title: spilled },
    context: { deep: [{ [spilled]: spilled, referrer: address('d') }], password: 'Tr0ub4dor&3' },
    elementAnalysis: { text: spilled, card: 4111111111111111 },
  });
}

/** A password as it is typed, in every place where a recorder could leave it. */
function typed(password: string): IncomingInteraction {
  return anInteraction(2, {
    type: 'INPUT',
    target: {
      tag: 'input',
      role: 'textbox',
      name: 'Password',
      value: password,
      attributes: { type: 'password', name: 'pw', value: password },
    },
    value: password,
    elementAnalysis: { type: 'password', value: password },
    context: { fields: [{ name: 'password', value: password }] },
  });
}

/** Everything that is stored, sealed details and pages opened: what somebody with all keys would see. */
async function everythingOf(app: App, viewer: Viewer, sessionId: string): Promise<string> {
  const details = await readDetails(app, { projectId: viewer.projectId, sessionId });
  const access = await openSession(app, sessionId);
  const pages: string[] = [];
  for (const { objectKey } of await app.db.pageSnapshot.findMany()) {
    if (!objectKey || !access) continue;
    const sealed = await app.storage.get(objectKey);
    pages.push(zstdDecompressSync(unseal(access.key, sealed, objectKey)).toString());
  }
  return JSON.stringify([...details.values()]) + pages.join();
}

test('what the detectors know is in no table, no file and no sealed detail, whichever string it came in', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer, {
    task: spilled,
    startUrl: address('mail'),
    client: { name: spilled, page: { url: address('mail'), token: 's3cr3tT0ken99' } },
  });
  const password = 'correct horse battery';
  const html = `<p title="${secrets[0]}">${spilled}</p>`;
  const origin = await serveObjects(app);

  const receipt = await record(app, viewer, sessionId, [spill(), typed(password)]);
  await record(app, viewer, sessionId, [{ ...spill(), id: newId() }]); // a conflict, told as an issue
  const screenshots = [aScreenshot(aPicture(), { url: address('mail') })];
  await recordScreenshots(app, viewer, { sessionId, screenshots });
  const { slots } = await recordSnapshots(app, viewer, {
    sessionId,
    snapshots: [aSnapshot(html, { url: address('mail'), title: spilled })],
  });
  await fetch(origin + slots[0]?.url, { method: 'PUT', body: html });
  await updateSession(app, viewer, { ...aChange(sessionId), task: spilled });
  const dropped = screenshots.map(({ id }) => ({ id, reason: 'QUOTA' as const }));
  const counts = { screenshotCount: 1, snapshotCount: 1, dropped };
  await endSession(app, viewer, anEnd(sessionId, 2, counts));

  expect(receipt).toMatchObject({ stored: 2, rejected: [] });
  const root = join(app.config.dataDir, 'objects');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const objects = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'latin1')),
  );
  const stores = {
    database: await dumpDatabase(app),
    objects: objects.join(),
    opened: await everythingOf(app, viewer, sessionId),
  };
  const plain = [...secrets, ...secrets.map(encodeURIComponent), password, 's3cr3tT0ken99'];
  for (const [where, text] of Object.entries(stores))
    for (const secret of [...plain, 'Tr0ub4dor', '4111111111111111'])
      expect([where, secret, text.includes(secret)]).toEqual([where, secret, false]);
  expect(stores.opened).toContain('[PASSWORD]');
  expect(stores.database).toContain('[EMAIL]');
});

test('details are sealed: a table shows neither their words nor their compressed form', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  const words = 'plain words of a detail';
  const worded = (sequence: number) => anInteraction(sequence, { context: { words } });
  await record(app, viewer, sessionId, [worded(1)]);
  await record(app, viewer, sessionId, [worded(2), worded(3)]);

  const alone = await app.db.interaction.findFirstOrThrow({ where: { sequence: 1 } });
  const chunk = await app.db.interactionChunk.findFirstOrThrow();

  const opened = [];
  const access = await openSession(app, sessionId);
  if (!access) throw new Error('Expected a key.');
  for (const [sealed, context] of [
    [alone.sealed, ownContext(alone.id)],
    [chunk.sealed, chunkContext(chunk.id)],
  ] as const) {
    const bytes = Buffer.from(sealed ?? []);
    expect(bytes[0]).toBe(1); // version
    expect(bytes.subarray(1, 17).toString('hex')).toBe(sessionId.replaceAll('-', ''));
    expect(bytes.includes(Buffer.of(0x28, 0xb5, 0x2f, 0xfd))).toBe(false); // the head of zstd
    opened.push(JSON.parse(await unpack(unseal(access.key, bytes, context))));
  }
  expect(await dumpDatabase(app)).not.toContain(words);
  expect(opened).toMatchObject([
    [{ sequence: 1, context: { words } }],
    [{ sequence: 2 }, { sequence: 3, context: { words } }],
  ]);
});

test('a detail that lies with its row does not open in the place of another one', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const { projectId } = viewer;
  const sessionId = await makeSession(app, viewer);
  await record(app, viewer, sessionId, [anInteraction(1)]);
  await record(app, viewer, sessionId, [anInteraction(2)]);
  const where = (sequence: number) => ({
    projectId_sessionId_sequence: { projectId, sessionId, sequence },
  });
  const { sealed } = await app.db.interaction.findUniqueOrThrow({ where: where(2) });

  await app.db.interaction.update({ where: where(1), data: { sealed } });

  await expect(readDetails(app, { projectId, sessionId })).rejects.toThrow(
    'unable to authenticate',
  );
});

test('a chunk that was changed, or put in the place of another one, does not open', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const [one, two] = [await makeSession(app, viewer), await makeSession(app, viewer)];
  const { projectId } = viewer;
  await record(app, viewer, one, interactions(1, 2));
  await record(app, viewer, one, interactions(3, 4));
  await record(app, viewer, two, interactions(1, 2));
  const chunks = await app.db.interactionChunk.findMany({ where: { sessionId: one } });
  const [first, second] = chunks;
  const foreign = await app.db.interactionChunk.findFirstOrThrow({ where: { sessionId: two } });
  if (!first || !second) throw new Error('Expected two chunks.');
  const put = (sealed: Uint8Array) =>
    app.db.interactionChunk.update({
      where: { id: first.id },
      data: { sealed: new Uint8Array(sealed) },
    });
  const changed = Buffer.from(first.sealed);
  changed.writeUInt8(changed.readUInt8(40) ^ 1, 40);
  const shortened = first.sealed.subarray(0, 20);

  for (const sealed of [changed, second.sealed, foreign.sealed, shortened]) {
    await put(sealed);
    await expect(readDetails(app, { projectId, sessionId: one })).rejects.toThrow(
      /unable to authenticate|another key’s|Expected sealed bytes/,
    );
  }
  await put(first.sealed);
  expect((await readDetails(app, { projectId, sessionId: one })).size).toBe(4);
});

test('without its key a session’s details are dark; the rest is still readable', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await record(app, viewer, sessionId, [anInteraction(1)]);
  await app.db.sessionKey.deleteMany();
  const replica = await openReplica(app);

  const { session } = await ask(
    replica,
    viewer,
    `{ session(id: "${sessionId}") { interactions { nodes { sequence pageTitle target { name } selectors { value } } } } }`,
  );

  const nodes = [{ sequence: 1, pageTitle: 'Shirts', target: null, selectors: [] }];
  expect(session).toEqual({ interactions: { nodes } });
});

test('a key that was wrapped for one session opens no other one', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const [one, two] = [await makeSession(app, viewer), await makeSession(app, viewer)];
  const { wrapped } = await app.db.sessionKey.findUniqueOrThrow({ where: { sessionId: one } });
  await app.db.sessionKey.update({ where: { sessionId: two }, data: { wrapped } });

  await expect(openSession(await openReplica(app), two)).rejects.toThrow('another key’s');
});
