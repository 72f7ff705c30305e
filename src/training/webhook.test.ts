import { expect, test } from 'vitest';
import { openOpenAiServer } from '../../test/openai-server.ts';
import { openProduct } from '../../test/product.ts';
import { makeSuite } from '../../test/suites.ts';
import { baseModel, begin, providerEnv, readJob, untilState } from '../../test/training.ts';

const secret = `whsec_${Buffer.from('a secret of the webhook').toString('base64')}`;

test('a webhook tells of the end at once; a lost one is made good by the next poll; a forged one changes nothing', {
  timeout: 90_000,
}, async () => {
  const fake = await openOpenAiServer();
  const env = providerEnv(fake, { OPENAI_WEBHOOK_SECRET: secret, TRAINING_POLL_MS: '15000' });
  const { app, server, keyId } = await openProduct(env);
  await app.queue.work(app);
  const { projectId } = await app.db.apiKey.findUniqueOrThrow({ where: { id: keyId } });
  const datasetId = await makeSuite(app, projectId, { train: ['fellside.example'], test: [] });
  const url = `${server.url}/webhooks/openai`;
  const openai = { trainer: 'OPENAI', baseModel } as const;
  const isHeldAtStart = async (id: string) => {
    await untilState(app, id, 'RUNNING');
    await expect.poll(async () => (await readJob(app, id)).leaseId).toBeNull();
    const { turn } = await readJob(app, id);
    return turn;
  };

  fake.isHeld = true;
  fake.webhook = { url, secret: 'whsec_Zm9yZ2Vk' };
  const lost = await begin(app, projectId, datasetId, openai);
  const turn = await isHeldAtStart(lost);
  fake.isHeld = false;
  await expect.poll(() => [...fake.jobs.values()][0]?.row.status).toBe('succeeded');
  expect((await readJob(app, lost)).turn).toBe(turn); // forged: nobody looked
  await untilState(app, lost, 'SUCCEEDED', 40_000);

  fake.isHeld = true;
  fake.webhook = { url, secret };
  const told = await begin(app, projectId, datasetId, openai);
  await isHeldAtStart(told);
  const begun = performance.now();
  fake.isHeld = false;
  await untilState(app, told, 'SUCCEEDED', 14_000);
  expect(performance.now() - begun).toBeLessThan(14_000);
});
