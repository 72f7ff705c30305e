import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDataDir, root, run, start } from '../../test/command.ts';
import { heldOf, openProduct } from '../../test/product.ts';
import { configTable } from '../platform/config.ts';

const fixture = join(root, 'test/fixtures/legacy-session.json');

test('config lists every variable, for people and for machines', async () => {
  const plain = await run(['config']);
  const json = await run(['config', '--json']);
  const markdown = await run(['config', '--markdown']);

  expect(JSON.parse(json.out)).toEqual(configTable());
  for (const { name } of configTable()) {
    expect(plain.out).toContain(name);
    expect(markdown.out).toContain(`| \`${name}\` |`);
  }
});

test('every command says what it does, with examples', async () => {
  for (const command of [
    'demo',
    'record',
    'play',
    'import',
    'config',
    'key create',
    'key rotate',
  ]) {
    const { code, out } = await run([...command.split(' '), '--help']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/Examples?:/) });
  }
});

test('what is not understood ends with 2, what fails with 1, both in words', async () => {
  const wrong: [string[], number, string][] = [
    [['nonsense'], 2, "unknown command 'nonsense'"],
    [['key', 'create'], 2, '--scope'],
    [['key', 'create', '--scope', 'ALL'], 2, 'CAPTURE, READ'],
    [['key', 'create', '--scope', 'READ', '--expires', 'soon'], 2, '90d'],
    [['key', 'rotate', 'x', '--overlap', 'long'], 2, 'whole minutes'],
    [['import', '/does/not/exist.json'], 1, 'Expected a file at /does/not/exist.json, found none.'],
    [['import', tmpdir()], 1, 'found a folder'],
    [['import', join(root, 'README.md')], 1, 'expected JSON'],
    [['play', '/does/not/exist'], 1, '/does/not/exist'],
    [['record', '/does/not/exist.ts'], 1, 'could not load'],
  ];
  for (const [args, code, words] of wrong) {
    const failed = await run(args);
    expect(failed).toEqual({ code, out: '', err: expect.stringContaining(words) });
    expect(failed.err).not.toContain('    at ');
  }
  const badConfig = await run(['key', 'list'], { PORT: 'many' });
  expect(badConfig).toMatchObject({ code: 1, err: expect.stringContaining('PORT') });
});

test('a process ends with the code and its output whole', async () => {
  const good = start(['config', '--json'], {});
  const bad = start(['import', '/does/not/exist.json', '--verbose'], {});

  expect([await good.ended, await bad.ended]).toEqual([0, 1]);
  expect(JSON.parse(good.said.out)).toEqual(configTable());
  expect(bad.said.err).toContain('    at '); // stacks for whoever asks
});

test('a legacy file goes to a server elsewhere, whole, and twice as well as once', async () => {
  const product = await openProduct();
  const there = ['--url', product.server.url, '--key', product.key];

  const first = await run(['import', fixture, ...there, '--no-wait', '--json']);
  const second = await run(['import', fixture, ...there, '--no-wait', '--json']);
  const words = await run(['import', fixture, ...there, '--no-wait']);

  const [{ report, outcome }] = JSON.parse(first.out);
  const [again] = JSON.parse(second.out);
  expect([first, second, words].map(({ code, err }) => ({ code, err }))).toEqual(
    Array(3).fill({ code: 0, err: '' }),
  );
  expect(outcome).toMatchObject({
    isRepeat: false,
    interactions: { acknowledged: report.eventsIn, refused: [], conflicting: [] },
  });
  expect(again.outcome).toMatchObject({ isRepeat: true, sessionId: outcome.sessionId });
  expect(words.out).toContain(`${report.eventsIn} in`);
  expect(words.out).toContain('nothing was sent again');
});

test('processing is followed to its end, and the score is shown', async () => {
  const product = await openProduct();
  await product.app.queue.work(product.app);
  const there = ['--url', product.server.url, '--key', product.key];

  const { code, out, err } = await run(['import', fixture, ...there]);

  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/Judge quality .* score 0\.\d+/);
  expect(out).toMatch(/Rejected|Needs review|Ready/);
  expect(out).toContain('Completeness');
});

test('a wrong key and a wrong address are said in a sentence', async () => {
  const product = await openProduct();
  const args = ['import', fixture, '--key', 'cs_wrong', '--url'];

  const key = await run([...args, product.server.url]);
  const noKey = await run(['import', fixture, '--url', product.server.url]);
  const words = await run([...args, 'not an address']);

  expect(key).toMatchObject({ code: 1, err: expect.stringContaining('refused the key') });
  expect(noKey).toMatchObject({ code: 1, err: expect.stringContaining('--key') });
  expect(words).toMatchObject({
    code: 1,
    err: expect.stringContaining('Expected an address like'),
  });
  for (const { err } of [key, noKey, words]) expect(err).not.toContain('    at ');
});

test('a script is recorded into a folder, and straight to the server', {
  timeout: 120_000,
}, async () => {
  const product = await openProduct();
  const there = ['--url', product.server.url, '--key', product.key, '--no-wait', '--json'];
  const dir = await makeDataDir();
  const script = join(dir, 'press.ts');
  await writeFile(script, pressScript);

  const kept = await run(['record', script, '--out', join(dir, 'recording'), '--json']);
  const played = await run(['play', join(dir, 'recording'), ...there]);
  const anew = await run(['play', join(dir, 'recording'), ...there, '--fresh']);
  const streamed = await run(['record', script, '--task', 'Press it', ...there]);

  for (const { code, err } of [kept, played, anew, streamed])
    expect({ code, err }).toEqual({ code: 0, err: '' });
  const { interactions } = JSON.parse(kept.out);
  const sessions = [played, anew, streamed].map(({ out }) => JSON.parse(out).sessionId as string);
  expect(new Set(sessions).size).toBe(3);
  for (const id of sessions) {
    const held = await heldOf(product, id);
    expect(held).toMatchObject({ state: 'ENDED', dropped: [], conflicts: 0 });
    expect(held.sequences.length).toBeGreaterThanOrEqual(interactions - 1);
  }
  const { task } = await product.app.db.session.findUniqueOrThrow({
    where: { id: sessions[2] ?? '' },
  });
  expect(task).toBe('Press it');
});

const pressScript = `
import { createServer } from 'node:http';
export const task = 'Press the button';
export async function open() {
  const server = createServer((_req, res) => res.setHeader('content-type', 'text/html').end('<title>Press</title><button>Press</button>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async () => void server.close();
  return { url: 'http://127.0.0.1:' + server.address().port + '/', close };
}
export async function run(page, url) {
  await page.goto(url);
  await page.getByRole('button').click();
}
`;
