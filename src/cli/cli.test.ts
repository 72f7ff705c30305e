import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { heldOf, openProduct, type Product } from '../../test/product.ts';
import { configTable } from '../platform/config.ts';
import { runCommand } from './program.ts';

type Run = { code: number; out: string; err: string };

const root = join(import.meta.dirname, '..', '..');
const fixture = join(root, 'test/fixtures/legacy-session.json');
const cleared = {
  DATABASE_URL: '',
  CODESIGHT_KEY: '',
  CODESIGHT_URL: '',
  PORT: '0',
  NO_COLOR: '1',
};

/** A data folder of the test's own. */
async function makeDataDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-cli-'));
  await chmod(dir, 0o711); // for root, whose Postgres runs as another user
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs a command in this process. */
async function run(args: string[], env: Record<string, string> = {}): Promise<Run> {
  const said = { out: '', err: '' };
  const hear = (stream: 'stdout' | 'stderr', key: keyof typeof said) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[key] += text;
      return true;
    });
  const spies = [hear('stdout', 'out'), hear('stderr', 'err')];
  for (const [name, value] of Object.entries({ ...cleared, ...env })) vi.stubEnv(name, value);
  try {
    return { code: await runCommand(args), ...said };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs a command as a process. */
function start(args: string[], env: Record<string, string>) {
  const said = { out: '', err: '' };
  const child = spawn(process.execPath, ['src/cli.ts', ...args], {
    cwd: root,
    env: { ...process.env, ...cleared, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdout.on('data', (text) => {
    said.out += text;
  });
  child.stderr.on('data', (text) => {
    said.err += text;
  });
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  return { said, child, ended };
}

const dataOf = ({ app: { config } }: Product) => ({
  DATABASE_URL: config.databaseUrl ?? '',
  DATA_DIR: config.dataDir,
});

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

test('keys are made, listed, rotated and revoked beside the server', async () => {
  const product = await openProduct();
  const env = dataOf(product);
  const create = ['key', 'create', '--scope', 'capture,read', '--participant', 'anna'];

  const made = JSON.parse((await run([...create, '--expires', '90d', '--json'], env)).out);
  const rotated = JSON.parse((await run(['key', 'rotate', made.id, '--json'], env)).out);
  const third = await run(['key', 'rotate', made.id], env);
  const revoked = await run(['key', 'revoke', made.id], env);
  const listed = JSON.parse((await run(['key', 'list', '--json'], env)).out);
  const table = await run(['key', 'list'], env);

  expect(made).toMatchObject({ scopes: ['CAPTURE', 'READ'] });
  expect(rotated).toMatchObject({ rotatedFrom: made.id });
  expect(third).toMatchObject({ code: 1, out: '' });
  expect(revoked).toMatchObject({ code: 0, out: `Revoked ${made.id}.\n` });
  const row = listed.find(({ id }: { id: string }) => id === made.id);
  expect(row).toMatchObject({ revokedAt: expect.any(String) });
  expect(JSON.stringify(listed)).not.toContain(made.secret);
  expect(table.out).toMatch(new RegExp(`${made.id}\\s+revoked`));
  await product.connect({ token: rotated.secret }).ready(10_000);
  const refused = product.connect({ token: made.secret }).ready(10_000);
  await expect(refused).rejects.toThrow(/refused the key/);
});

test('a key is printed once and alone, so that a script can take it; an unknown one is said', async () => {
  const product = await openProduct();
  const env = dataOf(product);

  const plain = await run(['key', 'create', '--scope', 'READ'], env);
  const nobody = await run(['key', 'create', '--scope', 'CAPTURE'], env);
  const elsewhere = await run(['key', 'create', '--scope', 'READ', '--project', 'none'], env);
  const unknown = await run(['key', 'revoke', 'abc'], env);

  expect(plain.out.split('\n')[0]).toMatch(/^cs_[0-9A-Za-z]{36}$/);
  expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('--participant') });
  expect(elsewhere).toMatchObject({ code: 1, err: expect.stringContaining('Default') });
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining('key list') });
});

test('with two projects a command asks which one', async () => {
  const product = await openProduct();
  await product.app.db.project.create({ data: { id: crypto.randomUUID(), name: 'Second' } });
  const create = ['key', 'create', '--scope', 'READ'];

  const unnamed = await run(create, dataOf(product));
  const named = await run([...create, '--project', 'Second'], dataOf(product));

  expect(unnamed).toMatchObject({ code: 1, err: expect.stringContaining('Second') });
  expect(named.code).toBe(0);
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
  const lines = (await readFile(fileOf(first.out), 'utf8')).split('\n').filter(Boolean);
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
