import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { openBoard } from './progress.ts';

test('on a terminal lines move, and end with their last word', async () => {
  const out = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 30 });
  const chunks: Buffer[] = [];
  out.on('data', (chunk) => chunks.push(chunk));
  const board = openBoard(out as unknown as NodeJS.WriteStream);
  const good = board.line('Redact');
  const bad = board.line('Compress');

  good.set(0.5, '3 of 6 pictures');
  bad.set(0.25, '1 of 4 pictures');
  good.end('6 pictures', { elapsedMs: 1_234 });
  bad.end('the disk is full', { isBad: true });
  board.close();
  await setImmediate();

  const said = stripVTControlCharacters(Buffer.concat(chunks).toString());
  expect(said).toMatch(/Redact +█{20} +1\.2 s +6 pictures/);
  expect(said).toMatch(/Compress +█{5}░{15} +\d\.\d s +the disk is full/);
});
