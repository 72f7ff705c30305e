import { expect, test } from 'vitest';
import keys from '../../../test/trainer-keys.json' with { type: 'json' };
import type { BundleFacts } from './bundle.ts';
import { axolotlConfig, readme, trlConfig } from './bundle-files.ts';

const facts = (more: Partial<BundleFacts> = {}): BundleFacts => ({
  jobId: 'j',
  name: 'shops',
  baseModel: 'Qwen/Qwen3-4B',
  method: 'SUPERVISED',
  hyperparameters: { n_epochs: 3, batch_size: 8, learning_rate: 2e-4, lora_rank: 16, beta: 0.1 },
  examples: 800,
  validationExamples: 80,
  datasetId: 'd',
  datasetSha256: null,
  serverUrl: 'http://127.0.0.1:4000',
  ...more,
});

/** Settings at the margin, and those of items of lists. */
const namesOf = (yaml: string) => [...yaml.matchAll(/^(\w+):/gm)].map(([, name = '']) => name);
const itemNamesOf = (yaml: string) =>
  [...yaml.matchAll(/^ +(?:- )?(\w+):/gm)].map(([, n = '']) => n);

test.each(['SUPERVISED', 'DPO'] as const)(
  'TRL knows every setting of the bundle for %s, and no other name for the warm-up',
  (method) => {
    const config = trlConfig(facts({ method }));
    const unknown = namesOf(config).filter((name) => !keys.trl[method].includes(name));

    expect(unknown).toEqual([]);
    expect(namesOf(config)).toContain('warmup_steps');
    expect(config).toContain('warmup_steps: 9\n'); // 3 % of 300
    expect(namesOf(config).includes('beta')).toBe(method === 'DPO');
  },
);

test('Axolotl knows every setting of the bundle and of its datasets; preferences are not for it', () => {
  const config = axolotlConfig(facts());

  expect(namesOf(config).filter((name) => !keys.axolotl.config.includes(name))).toEqual([]);
  expect(itemNamesOf(config).filter((name) => !keys.axolotl.dataset.includes(name))).toEqual([]);
  expect(readme(facts())).toContain('axolotl.yaml');
  expect(readme(facts({ method: 'DPO' }))).not.toContain('axolotl.yaml');
});
