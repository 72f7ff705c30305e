import { LRUCache } from 'lru-cache';
import type { Model } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { unseal } from '../../platform/keys.ts';
import type { Answerer } from '../answerer.ts';
import { openOwnKey } from '../job-key.ts';
import { answerWith } from '../ranker/answer.ts';
import { readModel } from '../ranker/bytes.ts';
import type { RankerModel } from '../ranker/train.ts';

type Needs = Pick<App, 'keys' | 'storage'>;

const caches = new WeakMap<App['keys'], LRUCache<string, RankerModel>>();

/** Opens a LOCAL model: its weights are unsealed once, and remembered. */
export async function openLocalAnswerer(app: Needs, model: Model): Promise<Answerer> {
  const weights = await weightsOf(app, model);
  return {
    name: model.name,
    async answer(question, signal) {
      signal.throwIfAborted();
      const begun = performance.now();
      const said = answerWith(weights, question);
      const problem = said.ranked.length === 0 ? 'There was nothing to choose from.' : null;
      return { ...said, latencyMs: performance.now() - begun, costUsd: 0, problem };
    },
  };
}

async function weightsOf(app: Needs, model: Model): Promise<RankerModel> {
  const cache = caches.get(app.keys) ?? new LRUCache({ max: 50, ttl: 600_000 });
  caches.set(app.keys, cache);
  const known = cache.get(model.id);
  if (known) return known;
  const { objectKey } = model;
  if (!objectKey) throw new Error(`Expected weights of the LOCAL model ${model.id}, found none.`);
  const weights = readModel(
    unseal(openOwnKey(app, model), await app.storage.get(objectKey), objectKey),
  );
  cache.set(model.id, weights);
  return weights;
}
