import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createTestDatabase } from '../test/database.ts';

type Run = { child: ChildProcess; out: () => string; err: () => string; url: () => string };

/** A database and a folder, and any port. */
async function surroundings(): Promise<Record<string, string>> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-door-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  return { DATABASE_URL: database.url, DATA_DIR: dir, PORT: '0' };
}

/** A door as a process of its own. */
async function start(
  door: 'serve' | 'work',
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<Run> {
  return run(door, args, { ...(await surroundings()), ...env });
}

function run(door: 'serve' | 'work', args: string[], env: Record<string, string>): Run {
  const child = spawn(process.execPath, [`src/${door}.ts`, ...args], {
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += String(data);
  });
  child.stderr.on('data', (data) => {
    said.err += String(data);
  });
  return {
    child,
    out: () => said.out,
    err: () => said.err,
    url: () => /http:\/\/[\d.:]+/.exec(said.out)?.[0] ?? '',
  };
}

const exitOf = async ({ child }: Run) => child.exitCode ?? (await once(child, 'exit'))[0];
const ready = ({ out }: Run) => expect.poll(out, { timeout: 45_000 });

test('the server says where it is and shows the first key once; SIGTERM ends it with 0', async () => {
  const env = await surroundings();
  const first = run('serve', ['--with-worker'], env);
  await ready(first).toContain('key create --scope CAPTURE,READ --json');
  const key = /cs_\w+/.exec(first.out())?.[0] ?? '';

  const response = await fetch(`${first.url()}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: '{"query":"{ serverStatus { isReady } }"}',
  });
  expect(await response.json()).toMatchObject({ data: { serverStatus: { isReady: true } } });
  expect((await fetch(`${first.url()}/health/ready`)).status).toBe(200);
  first.child.kill('SIGTERM');
  expect(await exitOf(first)).toBe(0);

  const second = run('serve', [], env);
  await ready(second).toContain('/graphql');
  expect(second.out()).not.toContain('cs_');
  second.child.kill('SIGINT');
  expect(await exitOf(second)).toBe(0);
});

test('a second signal does not wait for what hangs', async () => {
  const server = await start('serve');
  await ready(server).toContain('/graphql');
  const hanging = connect(Number(new URL(server.url()).port), '127.0.0.1');
  hanging.on('error', () => undefined);
  hanging.write(
    'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\nexpect: 100-continue\r\n\r\n',
  );
  await once(hanging, 'data'); // the server has begun to read

  server.child.kill('SIGTERM');
  await expect.poll(server.err).toContain('stopping');
  server.child.kill('SIGTERM');

  expect(await exitOf(server)).toBe(1);
  expect(server.err()).toContain('SIGTERM again');
});

test('a port that is taken is said in a sentence', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };

  const server = await start('serve', [], { PORT: String(port), LOG_LEVEL: 'silent' });

  expect(await exitOf(server)).toBe(1);
  expect(server.err()).toBe(
    `Port ${port} of 127.0.0.1 is taken by another program. Choose another, for example \`PORT=${port + 1}\`, or 0 for any.\n`,
  );
});

test.each([
  ['a mistake in the environment', [], { PORT: 'many' }, /PORT: .*\n.*prints every variable/],
  [
    'a database that is not there',
    [],
    { DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/x' },
    /^Expected Postgres .*ECONNREFUSED/,
  ],
  ['an option that is not one', ['--wrong'], {}, /--wrong.*\n\nServes the API/s],
] as const)('%s ends the start without a stack', async (_what, args, env, message) => {
  const server = await start('serve', [...args], env);

  expect(await exitOf(server)).toBe(1);
  expect(server.err()).toMatch(message);
  expect(server.err()).not.toMatch(/^\s+at |secret/m);
});

test('a worker runs jobs, and answers for its health where a port is given', async () => {
  const worker = await start('work', ['--port', '0']);
  await ready(worker).toContain('Working on jobs');

  expect((await fetch(`${worker.url()}/health/live`)).status).toBe(200);
  expect((await fetch(`${worker.url()}/graphql`)).status).toBe(404);
  worker.child.kill('SIGTERM');

  expect(await exitOf(worker)).toBe(0);
});

test.each(['serve', 'work'] as const)('%s --help explains itself', async (door) => {
  const helped = run(door, ['--help'], {});

  expect(await exitOf(helped)).toBe(0);
  expect(helped.out()).toContain(`node src/${door}.ts`);
});
