import { expect, test, vi } from 'vitest';
import { openProduct } from '../../test/product.ts';
import { makeSuite } from '../../test/suites.ts';
import { runCommand } from './program.ts';
import { sparkline } from './train.ts';

test('a loss becomes a line of signs, the highest on top', () => {
  expect(sparkline([4, 3, 2, 1])).toBe('█▆▃▁');
  expect(sparkline([1, 1])).toBe('▁▁');
  expect(sparkline(Array.from({ length: 100 }, (_, at) => at))).toHaveLength(24);
});

test('codesight train trains LOCAL to its end and prints the model; what is refused ends with 1', {
  timeout: 60_000,
}, async () => {
  const product = await openProduct({ TRAINING_POLL_MS: '100' });
  const { app, server, key, keyId } = product;
  await app.queue.work(app);
  const { projectId } = await app.db.apiKey.findUniqueOrThrow({ where: { id: keyId } });
  const datasetId = await makeSuite(app, projectId, {
    train: ['fellside.example'],
    validation: ['copperpot.example'],
    test: [],
  });
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const at = ['--url', server.url, '--key', key];

  const good = await runCommand(['train', datasetId, '--set', 'epochs=4', ...at]);
  const bad = await runCommand(['train', datasetId, '--set', 'epochs=4000', ...at]);
  vi.restoreAllMocks();

  expect([good, bad]).toEqual([0, 1]);
  const { id } = await app.db.model.findFirstOrThrow();
  expect(written.join('')).toMatch(
    /On sessions it has not learned from: loss \d\.\d+, right \d+\.\d %/,
  );
  expect(written.join('')).toContain(`Model ${id}`);
});
