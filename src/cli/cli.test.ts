import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openProduct } from '../../test/product.ts';
import { configTable } from '../platform/config.ts';

type Run = { code: number; out: string; err: string };

const root = join(import.meta.dirname, '..', '..');
const fixture = join(root, 'test/fixtures/legacy-session.json');

/** A data folder of the test's own. */
async function makeDataDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-cli-'));
  await chmod(dir, 0o711); // for root, whose Postgres runs as another user
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function run(args: string[], env: Record<string, string> = {}): Promise<Run> {
  const { DATABASE_URL, DATA_DIR, PORT, CODESIGHT_KEY, CODESIGHT_URL, ...rest } = process.env;
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...rest, NO_COLOR: '1', ...env }, maxBuffer: 1e8 };
    execFile(process.execPath, ['src/cli.ts', ...args], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, out, err });
    });
  });
}

test('config lists every variable, for people and for machines', async () => {
  const [plain, json, markdown] = await Promise.all([
    run(['config']),
    run(['config', '--json']),
    run(['config', '--markdown']),
  ]);

  expect(JSON.parse(json.out)).toEqual(configTable());
  for (const { name } of configTable()) {
    expect(plain.out).toContain(name);
    expect(markdown.out).toContain(`| \`${name}\` |`);
  }
});

test('every command says what it does, with examples', async () => {
  const commands = ['demo', 'record', 'play', 'import', 'config', 'key create', 'key rotate'];

  const helps = await Promise.all(
    commands.map((command) => run([...command.split(' '), '--help'])),
  );

  for (const { code, out } of helps)
    expect({ code, out }).toMatchObject({ code: 0, out: /Example/ });
});

test('what is not understood ends with 2, what fails with 1, both in words', async () => {
  const [unknown, missing, scope, file, badConfig] = await Promise.all([
    run(['nonsense']),
    run(['key', 'create']),
    run(['key', 'create', '--scope', 'ALL']),
    run(['import', '/does/not/exist.json']),
    run(['key', 'list'], { PORT: 'many' }),
  ]);

  expect(unknown).toMatchObject({
    code: 2,
    err: expect.stringContaining("unknown command 'nonsense'"),
  });
  expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('--scope') });
  expect(scope).toMatchObject({ code: 2, err: expect.stringContaining('CAPTURE, READ') });
  expect(file).toMatchObject({
    code: 1,
    err: 'Expected a file at /does/not/exist.json, found none.\n',
  });
  expect(badConfig).toMatchObject({ code: 1, err: expect.stringContaining('PORT') });
  expect(badConfig.err).not.toContain('    at ');
});

test('keys are made, listed, rotated and revoked beside the server', {
  timeout: 90_000,
}, async () => {
  const product = await openProduct();
  const { databaseUrl = '', dataDir } = product.app.config;
  const env = { DATABASE_URL: databaseUrl, DATA_DIR: dataDir };

  const made = JSON.parse(
    (
      await run(
        [
          'key',
          'create',
          '--scope',
          'capture,read',
          '--participant',
          'anna',
          '--expires',
          '90d',
          '--json',
        ],
        env,
      )
    ).out,
  );
  const rotated = JSON.parse((await run(['key', 'rotate', made.id, '--json'], env)).out);
  const revoked = await run(['key', 'revoke', made.id], env);
  const listed = JSON.parse((await run(['key', 'list', '--json'], env)).out);

  expect(made).toMatchObject({ scopes: ['CAPTURE', 'READ'] });
  expect(rotated).toMatchObject({ rotatedFrom: made.id });
  expect(revoked).toMatchObject({ code: 0, out: `Revoked ${made.id}.\n` });
  expect(listed.find(({ id }: { id: string }) => id === made.id)).toMatchObject({
    revokedAt: expect.any(String),
  });
  await product.connect({ token: rotated.secret }).ready(10_000);
  await expect(product.connect({ token: made.secret }).ready(10_000)).rejects.toThrow(
    /refused the key/,
  );
});

test('a legacy file goes to a server elsewhere, whole, and twice as well as once', async () => {
  const product = await openProduct();
  const args = [
    'import',
    fixture,
    '--url',
    product.server.url,
    '--key',
    product.key,
    '--no-wait',
    '--json',
  ];

  const [first, second] = [await run(args), await run(args)];

  const [{ report, outcome }] = JSON.parse(first.out);
  const [again] = JSON.parse(second.out);
  expect([first.code, second.code]).toEqual([0, 0]);
  expect(outcome).toMatchObject({
    isRepeat: false,
    interactions: { acknowledged: report.eventsIn },
  });
  expect(again.outcome).toMatchObject({ isRepeat: true, sessionId: outcome.sessionId });
});

test('a wrong key and a wrong address are said in a sentence', async () => {
  const product = await openProduct();
  const args = ['import', fixture, '--key', 'cs_wrong', '--url'];

  const [key, noKey, words] = await Promise.all([
    run([...args, product.server.url]),
    run(['import', fixture, '--url', product.server.url]),
    run([...args, 'not an address']),
  ]);

  expect(key).toMatchObject({ code: 1, err: expect.stringContaining('refused the key') });
  expect(noKey).toMatchObject({ code: 1, err: expect.stringContaining('--key') });
  expect(words).toMatchObject({
    code: 1,
    err: expect.stringContaining('Expected an address like'),
  });
  for (const { err } of [key, noKey, words]) expect(err).not.toContain('    at ');
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
  const env = { DATA_DIR: await makeDataDir(), PORT: '0' };
  const { DATABASE_URL, ...rest } = process.env;
  const staying = spawn(process.execPath, ['src/cli.ts', 'demo'], {
    cwd: root,
    env: { ...rest, NO_COLOR: '1', ...env },
  });
  onTestFinished(() => void staying.kill('SIGKILL'));
  let said = '';
  staying.stdout.on('data', (text) => {
    said += text;
  });
  await expect.poll(() => said, { timeout: 120_000 }).toContain('The server keeps running');

  const joined = await run(['demo'], env);
  const key = await run(['key', 'create', '--scope', 'READ', '--json'], env);
  const ended = new Promise((resolve) => staying.once('exit', resolve));
  staying.kill('SIGINT');

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
