import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { openConnection } from '../src/client/connection.ts';
import { DebugStreamDocument } from '../src/generated/client/graphql.ts';
import { newId } from '../src/lib/ids.ts';
import { type ChannelServer, openChannelServer, testSecret } from './channel-server.ts';
import { makeDataDir } from './command.ts';
import { createTestDatabase } from './database.ts';

type Running = { url: string; key: string; child: ChildProcess };

/** The server with its worker, as a process of its own. */
async function openServer(env: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, ['src/serve.ts', '--with-worker'], {
    env: { ...process.env, PORT: '0', LOG_LEVEL: 'error', RETRY_DELAY_SECONDS: '1', ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (data) => {
    said += String(data);
  });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('More keys:');
  return {
    child,
    url: /http:\/\/[\d.:]+/.exec(said)?.[0] ?? '',
    key: /cs_\w+/.exec(said)?.[0] ?? '',
  };
}

async function surroundings(channels: ChannelServer): Promise<Record<string, string>> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  return {
    DATABASE_URL: database.url,
    DATA_DIR: await makeDataDir(),
    ALERT_ALLOWED_HOSTS: channels.host,
  };
}

async function ask(server: Running, query: string, variables: object): Promise<unknown> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.key}` },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

/** A rule for new issues that tells a webhook. */
async function tellOfNewIssues(server: Running, channels: ChannelServer): Promise<void> {
  const [channelId, ruleId] = [newId(), newId()];
  const answer = await ask(
    server,
    `mutation ($channel: SaveChannelInput!, $rule: SaveAlertRuleInput!) {
      saveChannel(input: $channel) { __typename }
      saveAlertRule(input: $rule) { __typename } }`,
    {
      channel: {
        id: channelId,
        kind: 'WEBHOOK',
        name: 'ops',
        url: `${channels.url}/webhook`,
        secret: testSecret,
      },
      rule: { id: ruleId, name: 'new', trigger: 'ISSUE_NEW', channelIds: [channelId] },
    },
  );
  expect(answer).toMatchObject({
    data: {
      saveChannel: { __typename: 'Channel' },
      saveAlertRule: { __typename: 'AlertRule' },
    },
  });
}

function report(server: Running, message: string): Promise<unknown> {
  return ask(
    server,
    `mutation ($input: ReportErrorsInput!) { reportErrors(input: $input) { accepted } }`,
    {
      input: {
        reports: [
          {
            id: newId(),
            occurredAt: new Date().toISOString(),
            platform: 'SERVER',
            correlationId: 'd'.repeat(32),
            exceptions: [{ type: 'TypeError', message }],
          },
        ],
      },
    },
  );
}

test('a reported error is in the debug stream and, signed, at the webhook of a rule', {
  timeout: 120_000,
}, async () => {
  const channels = await openChannelServer();
  const server = await openServer(await surroundings(channels));
  await tellOfNewIssues(server, channels);
  const connection = openConnection({ url: server.url, token: server.key });
  onTestFinished(() => connection.close());
  await connection.ready(20_000);
  const came: { title: string; signal: string; at: number }[] = [];
  const follow = async () => {
    const variables = { where: { kinds: ['ERROR' as const, 'WARNING' as const] }, after: null };
    for await (const { debugStream } of connection.follow(DebugStreamDocument, variables))
      if (debugStream.__typename === 'DebugEntry')
        came.push({ title: debugStream.title, signal: debugStream.signal, at: Date.now() });
  };
  const following = follow().catch(() => undefined); // it ends with its connection
  await expect
    .poll(
      async () => {
        await report(server, 'Is anybody there?');
        return came.length;
      },
      { timeout: 20_000, interval: 500 },
    )
    .toBeGreaterThan(0);

  expect(await report(server, 'Cart is not iterable')).toMatchObject({
    data: { reportErrors: { accepted: 1 } },
  });
  const committedAt = Date.now();

  const ours = () => came.filter(({ title }) => title.includes('Cart is not iterable'));
  await expect.poll(() => ours().map(({ signal }) => signal)).toEqual(['report', 'issue.new']);
  const told = () => channels.taken.find(({ body }) => JSON.stringify(body).includes('iterable'));
  await expect.poll(told, { timeout: 20_000 }).toMatchObject({
    body: {
      type: 'alert.raised',
      data: { facts: expect.arrayContaining([{ name: 'Trace', value: 'd'.repeat(32) }]) },
    },
  });
  process.stderr.write(
    `In the stream after ${(ours()[0]?.at ?? 0) - committedAt} ms, at the channel after ${(told()?.at.getTime() ?? 0) - committedAt} ms.\n`,
  );
  await connection.close();
  await following;
});

test('a server that is killed while it sends a message sends it once more, under the same id', {
  timeout: 120_000,
}, async () => {
  const channels = await openChannelServer();
  const env = await surroundings(channels);
  const first = await openServer(env);
  await tellOfNewIssues(first, channels);
  channels.faults = ['hang'];
  await report(first, 'Sent twice at most');
  await expect.poll(() => channels.requests.length, { timeout: 20_000 }).toBe(1);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');

  await openServer(env);

  const told = () =>
    channels.taken.filter(({ body }) => JSON.stringify(body).includes('Sent twice at most'));
  await expect.poll(() => told().length, { timeout: 60_000 }).toBe(1);
  const ids = channels.requests.map(({ headers }) => headers['webhook-id']);
  expect(ids.filter((id) => id === ids[0])).toHaveLength(2); // others tell that the server was killed
});
