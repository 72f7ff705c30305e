import { expect, test } from 'vitest';
import { type OpenAiServer, openOpenAiServer } from '../../test/openai-server.ts';
import { loadConfig } from './config.ts';
import { modelServerOf } from './model.ts';

const base = 'gpt-4.1-mini-2025-04-14';

function reach(fake: OpenAiServer, env: Record<string, string> = {}) {
  const config = loadConfig({
    OPENAI_TIMEOUT_MS: '300',
    OPENAI_RETRY_DELAY_MS: '5',
    ...env,
  });
  return modelServerOf(config, { baseUrl: fake.url, apiKey: fake.key });
}

const aLine = (n: number) =>
  JSON.stringify({
    messages: [
      { role: 'user', content: `Question ${n}` },
      { role: 'assistant', content: `Answer ${n}` },
    ],
  });
const aFile = Buffer.from(`${Array.from({ length: 12 }, (_, n) => aLine(n)).join('\n')}\n`);
const never = new AbortController().signal;

test.each([
  ['500', { how: 'status', status: 500 }],
  ['a hang', { how: 'hang' }],
  ['a cut', { how: 'cut' }],
  ['half an answer', { how: 'bad-json' }],
] as const)('%s is tried again', async (_name, fault) => {
  const fake = await openOpenAiServer();
  fake.fail(/GET .*\/models\//, fault, 2);

  expect(await reach(fake).model(base)).toEqual({ id: base, shutdownDate: null });
  expect(fake.requests).toHaveLength(3);
});

test('429 is tried again after as long as the server asks', async () => {
  const fake = await openOpenAiServer();
  fake.fail(/GET .*\/models\//, { how: 'status', status: 429, retryAfterSeconds: 1 });

  const begun = performance.now();
  await reach(fake).model(base);

  expect(performance.now() - begun).toBeGreaterThan(990);
  expect(fake.requests).toHaveLength(2);
});

test('a longer Retry-After than a minute is left to the caller, as is a spent quota', async () => {
  const fake = await openOpenAiServer();
  fake.fail(/GET .*\/models\//, { how: 'status', status: 429, retryAfterSeconds: 120 });
  fake.fail(/GET .*\/files/, { how: 'status', status: 429, code: 'insufficient_quota' });

  await expect(reach(fake).model(base)).rejects.toMatchObject({
    isRetryable: true,
    retryAfterMs: 120_000,
  });
  await expect(reach(fake).findFile('x', 1)).rejects.toMatchObject({
    isRetryable: false,
    code: 'insufficient_quota',
  });
  expect(fake.requests).toHaveLength(2);
});

test('a start whose answer is lost is not repeated, and found again', async () => {
  const fake = await openOpenAiServer();
  const server = reach(fake);
  const trainingFile = await server.sendFile('train.jsonl', aFile, never);
  fake.fail(/POST .*\/fine_tuning\/jobs$/, { how: 'cut', after: true });
  const request = {
    model: base,
    trainingFile,
    validationFile: null,
    method: 'supervised' as const,
    hyperparameters: { n_epochs: 2 },
    suffix: 'test',
    seed: 1,
    metadata: { codesight_job: 'a' },
  };

  await expect(server.startJob(request)).rejects.toMatchObject({ isAmbiguous: true });
  expect(fake.jobs.size).toBe(1);
  expect(await server.findJob({ codesight_job: 'a' })).toMatchObject({ model: base });
  expect(await server.findJob({ codesight_job: 'b' })).toBeNull();
  expect(await server.findFile('train.jsonl', aFile.length)).toBe(trainingFile);
});

test('a file goes up in parts, a part twice is harmless, a wrong checksum is refused', async () => {
  const fake = await openOpenAiServer();
  const server = reach(fake);
  const id = await server.startUpload('train.jsonl', aFile.length);
  fake.fail(/POST .*\/parts$/, { how: 'cut', after: true });
  const parts = [
    await server.sendPart(id, aFile.subarray(0, 100), never),
    await server.sendPart(id, aFile.subarray(100), never),
  ];

  expect(fake.uploads.get(id)?.parts.size).toBe(3);
  await expect(server.finishUpload(id, parts, 'wrong')).rejects.toMatchObject({ status: 400 });
  const { createHash } = await import('node:crypto');
  const md5 = createHash('md5').update(aFile).digest('hex');
  const file = await server.finishUpload(id, parts, md5);
  expect(fake.files.get(file)?.bytes.equals(aFile)).toBe(true);
});

test('a server that is down is left alone after some failures', async () => {
  const fake = await openOpenAiServer();
  const server = reach(fake, { OPENAI_RETRIES: '0' });
  fake.fail(/.*/, { how: 'status', status: 503 }, 1_000);

  for (let time = 0; time < 12; time++) await server.model(base).catch(() => undefined);

  expect(fake.requests).toHaveLength(8);
  await expect(server.model(base)).rejects.toMatchObject({
    isRetryable: true,
    retryAfterMs: 5_000,
  });
});

test('whoever gives up a call is obeyed at once', async () => {
  const fake = await openOpenAiServer();
  fake.fail(/POST .*\/chat/, { how: 'hang' });
  const controller = new AbortController();
  const asking = reach(fake, { OPENAI_TIMEOUT_MS: '60000' }).chat(
    { model: base, messages: [{ role: 'user', content: 'Hello' }], tools: [] },
    controller.signal,
  );
  await expect.poll(() => fake.requests.length).toBe(1);

  controller.abort(new Error('enough'));

  await expect(asking).rejects.toThrow('enough');
});
