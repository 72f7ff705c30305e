import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataDir, run, start } from '../../test/command.ts';

test('the demo shows the whole way; a second one sends nothing and shows the same, a fresh one is another', {
  timeout: 240_000,
}, async () => {
  const env = { DATA_DIR: await makeDataDir() };

  const first = await run(['demo', '--exit'], env);
  const second = await run(['demo', '--exit'], env);
  const fresh = await run(['demo', '--exit', '--fresh'], env);

  for (const { code, out, err } of [first, second, fresh]) {
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Ready: its training data is made.');
  }
  expect(first.out).toContain('Everything has arrived, once');
  expect(second.out).toContain('nothing was sent again');
  expect(fresh.out).toContain('Everything has arrived, once');
  expect(shownBy(second.out)).toEqual(shownBy(first.out));
  expect(fileOf(second.out)).toBe(fileOf(first.out));
  expect(fileOf(fresh.out)).not.toBe(fileOf(first.out));
  const text = await readFile(fileOf(first.out), 'utf8');
  // Another session for the server, but what was recorded is the same, and so is what is learned from it.
  expect(await readFile(fileOf(fresh.out), 'utf8')).toBe(text);
  const lines = text.split('\n').filter(Boolean);
  expect(first.out).toContain(`${lines.length} lines`);
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('messages');
  expect((await stat(join(env.DATA_DIR, 'demo.json'))).mode & 0o777).toBe(0o600);
});

test('the demo leaves its server running, others join it, and Ctrl-C ends it in order', {
  timeout: 240_000,
}, async () => {
  const env = { DATA_DIR: await makeDataDir() };
  const { said, child, ended } = start(['demo'], env);
  await expect.poll(() => said.out, { timeout: 120_000 }).toContain('The server keeps running');

  const joined = await run(['demo'], env);
  const key = await run(['key', 'create', '--scope', 'READ', '--json'], env);
  child.kill('SIGINT');

  expect(joined).toMatchObject({ code: 0, out: expect.stringContaining('which runs on') });
  expect(joined.out).toContain('nothing was sent again');
  expect(key.code).toBe(0);
  expect(await ended).toBe(0);
  await expect(stat(join(env.DATA_DIR, 'server.json'))).rejects.toThrow(/ENOENT/);
});

/** What must not differ between two showings of one session. */
function shownBy(out: string): string {
  return out.slice(out.indexOf('\nProcessing'), out.indexOf('\nLook next'));
}

function fileOf(out: string): string {
  return /^\s+(\S+\.jsonl)$/m.exec(out)?.[1] ?? '';
}
