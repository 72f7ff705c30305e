import { expect, test } from 'vitest';
import { makeProject } from '../../test/app.ts';
import { openProduct } from '../../test/product.ts';
import { makeSuite } from '../../test/suites.ts';
import { newId } from '../lib/ids.ts';
import { keepObject, openOwnKey } from './job-key.ts';
import { startTraining } from './start.ts';

test('a bundle flows part by part: its first bytes arrive though its last part is gone, and none is held whole', {
  timeout: 90_000,
}, async () => {
  const { app, server } = await openProduct();
  const projectId = await makeProject(app);
  const datasetId = await makeSuite(app, projectId, { test: [] });
  const id = newId();
  const plan = {
    projectId,
    datasetId,
    name: 'x',
    trainer: 'EXTERNAL',
    method: 'SUPERVISED',
  } as const;
  await startTraining(app, {
    id,
    ...plan,
    baseModel: 'Qwen/Qwen3-4B',
    pictures: false,
    hyperparameters: {},
    seed: null,
    acceptUnknownCost: false,
  });
  const job = await app.db.trainingJob.findUniqueOrThrow({ where: { id } });
  const run = { app, job, key: openOwnKey(app, job) };
  const partBytes = 1024 * 1024;
  const bundle: string[] = [];
  for (let part = 0; part < 24; part += 1)
    bundle.push(await keepObject(run, `bundle-${part}`, Buffer.alloc(partBytes, part)));
  await app.storage.remove(bundle.at(-1) ?? '');
  await app.db.trainingJob.update({
    where: { id },
    data: { provider: { bundle }, bundleBytes: BigInt(bundle.length * partBytes) },
  });

  const url = app.signer.sign(
    { action: 'read-training-bundle', id },
    new Date(Date.now() + 60_000),
  );
  const answer = await fetch(`${server.url}${url}`);
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-length')).toBe(String(bundle.length * partBytes));
  expect(first?.value?.[0]).toBe(0);
  let bytes = first?.value?.length ?? 0;
  const rest = async () => {
    for (;;) {
      const next = await reader?.read();
      if (!next || next.done) return;
      bytes += next.value.length;
    }
  };

  await expect(rest()).rejects.toThrow();
  expect(bytes).toBeGreaterThan(partBytes * 20); // everything before what is gone, in order
  expect(bytes).toBeLessThan(partBytes * 24);
});
