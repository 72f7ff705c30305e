import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeViewer } from '../../test/app.ts';
import {
  filesOf,
  makeRecorded,
  openDoor,
  openWorkingApp,
  playRecorded,
  sha256Of,
  until,
  untilStep,
} from '../../test/recorded.ts';
import { aChange } from '../../test/sessions.ts';
import { type DataKey, seal } from '../platform/keys.ts';
import { on } from '../platform/queue.ts';
import { sessionEnded } from '../sessions/events.ts';
import { discardSession } from '../sessions/lifecycle.ts';
import { openSession } from '../sessions/session-keys.ts';
import { openExample } from './build-examples.ts';
import { examplesBuilt } from './events.ts';
import type { Example } from './example.ts';
import { readExport } from './export-session.ts';
import { buildExamplesJob, exportSessionJob } from './jobs.ts';
import { checkLeaks } from './leak.ts';
import { validateChatFile } from './openai-rules.ts';

const examplesOnly = [on(sessionEnded, buildExamplesJob)];
const pipeline = [...examplesOnly, on(examplesBuilt, exportSessionJob)];

/** A session whose examples are changed before they are exported. */
async function exported(change: (example: Example, index: number) => Example, steps = 14) {
  const app = await openWorkingApp(examplesOnly, {}, [exportSessionJob]);
  const viewer = await makeViewer(app);
  const sessionId = await playRecorded(app, viewer, await makeRecorded({ steps, pictures: false }));
  await untilStep(app, sessionId, 'EXAMPLES', 'DONE');
  const access = await openSession(app, sessionId);
  const rows = await app.db.example.findMany({
    where: { sessionId },
    orderBy: { sequence: 'asc' },
  });
  for (const [index, row] of rows.entries()) {
    if (!access) throw new Error('Expected the key of the session.');
    const example = change(openExample(access.key, row), index);
    const sealed = sealAs(access.key, row.id, example);
    await app.db.example.update({ where: { id: row.id }, data: { sealed } });
  }
  const ids = { projectId: viewer.projectId, sessionId };
  await app.db.$transaction((tx) => app.queue.send(tx, exportSessionJob, ids));
  return { app, viewer, sessionId };
}

const sealAs = (key: DataKey, id: string, example: Example) =>
  new Uint8Array(seal(key, zstdCompressSync(JSON.stringify(example)), `example/${id}`));

test('the file keeps the rules of the provider and leaks nothing, and is what the row says', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const sessionId = await playRecorded(app, viewer, await makeRecorded({ pictures: false }));
  await until(app, sessionId, 'READY');

  const row = await app.db.sessionExport.findFirstOrThrow({ where: { sessionId } });
  const found = await readExport(app, row.id);
  const file = Buffer.concat(await Array.fromAsync(found?.body ?? []));

  const lines = file.toString('utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  expect(validateChatFile(lines)).toMatchObject({ errors: 0, warnings: 0 });
  expect(checkLeaks(lines)).toMatchObject({ passed: true, findings: [] });
  expect(row).toMatchObject({ examples: 12, bytes: file.length, format: 'OPENAI_CHAT' });
  expect(Buffer.from(row.sha256).toString('hex')).toBe(sha256Of(file));
  expect(row.objectKey).toMatch(new RegExp(`/openai-chat-${sha256Of(file)}/$`));
  expect((await app.storage.get(`${row.objectKey}0`)).includes('messages')).toBe(false);
});

test('a short session is exported: few examples are no fault of one file', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);

  const sessionId = await playRecorded(
    app,
    viewer,
    await makeRecorded({ steps: 2, pictures: false }),
  );
  await until(app, sessionId, 'READY');

  const step = await app.db.processingStep.findFirst({ where: { sessionId, stage: 'EXPORT' } });
  expect(step?.message).toMatch(/^2 lines, [\d,]+ bytes, no leak found$/);
});

test('a line with a leak is left out and counted, the others are exported', async () => {
  const { app, sessionId } = await exported((example, index) =>
    index === 3
      ? { ...example, history: [...example.history, `click [${example.answer.ref}]`] }
      : example,
  );
  await until(app, sessionId, 'READY');

  const step = await app.db.processingStep.findFirst({ where: { sessionId, stage: 'EXPORT' } });
  expect(step?.message).toMatch(/^13 lines, .*; 1 lines left out: .*1 REF_IN_HISTORY/);
});

test('a file whose answers can be read off their place is refused and not stored', async () => {
  const { app, sessionId } = await exported((example) => {
    const { ref } = example.answer;
    const first = example.candidates.find((candidate) => candidate.ref === ref);
    const others = example.candidates.filter((candidate) => candidate.ref !== ref);
    return { ...example, candidates: first ? [first, ...others] : others };
  });
  await until(app, sessionId, 'NEEDS_REVIEW');

  const { reason } = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
  expect(reason).toMatch(/^The file is not fit to train on: .*place/);
  expect(await app.db.sessionExport.count()).toBe(0);
  expect((await filesOf(app, sessionId)).filter((name) => /^\d+$/.test(name))).toEqual([]); // parts
});

test('a session none of whose lines is fit waits for a person, with nothing to export', async () => {
  const { app, sessionId } = await exported(
    (example) => ({ ...example, task: 'Mail jane.roe@example.org' }),
    3,
  );
  await until(app, sessionId, 'NEEDS_REVIEW');

  expect(await app.db.sessionExport.count()).toBe(0);
});

test('the address of an export is good for its bearer, and for nobody once the session is gone', async () => {
  const app = await openWorkingApp(pipeline);
  const viewer = await makeViewer(app);
  const sessionId = await playRecorded(
    app,
    viewer,
    await makeRecorded({ steps: 3, pictures: false }),
  );
  await until(app, sessionId, 'READY');
  const { id } = await app.db.sessionExport.findFirstOrThrow();
  const sign = (minutes: number) =>
    app.signer.sign({ action: 'read-export', id }, new Date(Date.now() + minutes * 60_000));
  const read = async (path: string) => fetch(`${await openDoor(app)}${path}`);

  const good = await read(sign(1));
  expect(good.status).toBe(200);
  expect(good.headers.get('content-type')).toBe('application/jsonl');
  expect((await good.text()).trimEnd().split('\n')).toHaveLength(3);
  expect((await read(sign(-1))).status).toBe(410);
  expect((await read(sign(1).replace('read-export', 'read-snapshot'))).status).toBe(403);
  await discardSession(app, viewer, aChange(sessionId));

  expect((await read(sign(1))).status).toBe(404);
});
