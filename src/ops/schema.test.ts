import { expect, test } from 'vitest';
import { openTinyServer, post } from '../../test/tiny-server.ts';
import './schema.ts';

const query = `{
  serverStatus {
    version startedAt uptimeSeconds isReady queueDepth sockets eventLoopDelayMs overload
    dependencies { name isReady latencyMs error }
    queues { name waiting active failed }
  }
}`;

test('the status says what the server needs, does and refuses', async () => {
  const tiny = await openTinyServer();

  const { body } = await post(tiny, { query });

  expect(body.errors).toBeUndefined();
  expect(body.data?.serverStatus).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    isReady: true,
    sockets: 0,
    overload: [],
    dependencies: ['database', 'queue', 'storage'].map((name) => ({
      name,
      isReady: true,
      error: null,
    })),
    queues: [{ name: 'dead-letters', waiting: 0, active: 0, failed: 0 }],
  });
});

test('the status is for those who are somebody', async () => {
  const tiny = await openTinyServer();

  const { body } = await post(tiny, { query }, { authorization: '' });

  expect(body.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
});

test('what is over its threshold is named', async () => {
  const tiny = await openTinyServer();
  tiny.app.metrics.loopDelayMs = () => 70_000;

  const { body } = await post(tiny, { query: '{ serverStatus { overload } }' });

  expect(body.data).toEqual({
    serverStatus: { overload: [expect.stringContaining('70000 ms late')] },
  });
});
