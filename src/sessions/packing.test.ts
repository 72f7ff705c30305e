import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeViewer, openTestApp } from '../../test/app.ts';
import { anInteraction, makeSession, record } from '../../test/sessions.ts';
import { seal } from '../platform/keys.ts';
import { packJson } from '../platform/packed-json.ts';
import { readDetails } from './details.ts';
import { dictionary } from './dictionary.ts';
import { packOne, unpack } from './packing.ts';
import { openSession } from './session-keys.ts';
import { ownContext } from './writer.ts';

const detail = (words: string) => Buffer.from(JSON.stringify({ sequence: 1, context: { words } }));

test('what is packed alone or with others is unpacked as it was, of any length and script', async () => {
  for (const words of ['', 'plain', 'Größe – 尺寸 🧥', 'x'.repeat(60_000), '","matchCount":1}]']) {
    const alone = await unpack(packOne(detail(words)));
    const together = await unpack(packJson([detail(words), detail('another')]));

    expect(alone).toBe(`[${detail(words)}]`);
    expect(together).toBe(`[${detail(words)},${detail('another')}]`);
  }
});

test('a detail that was packed alone before LZ4 came is read from the database as ever', async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app);
  const sessionId = await makeSession(app, viewer);
  await record(app, viewer, sessionId, [anInteraction(1, { context: { words: 'of today' } })]);
  const session = { projectId: viewer.projectId, sessionId };
  const today = await readDetails(app, session);
  const { id } = await app.db.interaction.findFirstOrThrow({ where: session });
  const access = await openSession(app, sessionId);
  if (!access) throw new Error('Expected a key.');

  const packed = zstdCompressSync(`[${detail('of yesterday')}]`);
  const sealed = new Uint8Array(seal(access.key, packed, ownContext(id)));
  await app.db.interaction.updateMany({ where: session, data: { sealed } });
  const yesterday = await readDetails(app, session);

  expect(today.get(1)).toMatchObject({ context: { words: 'of today' } });
  expect(yesterday.get(1)).toMatchObject({ context: { words: 'of yesterday' } });
});

test('the dictionary is the one with which details lie in databases', () => {
  const hash = createHash('sha256').update(dictionary).digest('hex');

  expect(hash).toBe('eaff32168ef1dd2dd0791844bb65be149843d5a52ae1042c32e2a391f304af0a'); // never change it: add another
});

test('what is packed in no known way, is cut short or lost its length is refused, not misread', async () => {
  const packed = packOne(detail('plain'));
  const cut = packed.subarray(0, packed.length - 5);
  const unmarked = Buffer.concat([Buffer.of(0x7f), packed.subarray(1)]);

  await expect(unpack(unmarked)).rejects.toThrow('got the mark 127');
  await expect(unpack(Buffer.alloc(0))).rejects.toThrow('got the mark undefined');
  await expect(unpack(cut)).rejects.toThrow();
  await expect(unpack(packed.subarray(0, 3))).rejects.toThrow();
});
