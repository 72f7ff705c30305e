import type { Example, Operation } from '../datasets/example.ts';
import type { Model } from '../generated/prisma/client.ts';
import type { App } from '../platform/app.ts';
import { openChatAnswerer } from './answerers/chat.ts';
import { openLocalAnswerer } from './answerers/local.ts';

/** What a model is asked: an example without its answer. */
export type Question = Omit<Example, 'answer'> & {
  /** The page's picture as a `data:` URL, for models that see. */
  image?: string;
};

/** What a model says is the next action. */
export type Answer = {
  /**
   * Candidates, best first. LOCAL ranks all of them with probabilities that sum to 1. A chat model names one;
   * where its server tells how likely its tokens were, the others that it might have named follow, else it
   * stands alone with `null`: nobody knows how sure it was. Empty with a `problem`.
   */
  ranked: { ref: string; confidence: number | null }[];
  operation: Operation;
  /** What to type, choose or press; `null` for the other operations. */
  value: string | null;
  /** From the question to the whole answer, retries included. */
  latencyMs: number;
  /** By the provider's count of tokens and list price; `null` where the price is not known, 0 for LOCAL. */
  costUsd: number | null;
  /** Why the model's words are no usable answer, which counts as wrong; `null` for a usable one. */
  problem: string | null;
};

/** A model that is ready to be asked. Safe to ask several times at once. */
export type Answerer = {
  /** What it is called in a table. */
  name: string;
  /** Whether it wants the picture of a page. */
  seesPictures?: boolean;
  /** @throws {ModelServerError} the model's server cannot be reached or refuses, after retries */
  answer(question: Question, signal: AbortSignal): Promise<Answer>;
};

/**
 * Opens a model of any trainer: LOCAL from its sealed weights, remembered for ten minutes; the others at
 * the server that has them.
 *
 * @throws {EndpointRefusedError} its endpoint is at an address that this server does not call
 */
export async function openAnswerer(
  app: Pick<App, 'config' | 'keys' | 'storage'>,
  model: Model,
): Promise<Answerer> {
  return model.trainer === 'LOCAL' ? openLocalAnswerer(app, model) : openChatAnswerer(app, model);
}
