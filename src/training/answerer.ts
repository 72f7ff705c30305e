import type { Example, Operation } from '../datasets/example.ts';

/** What a model is asked: an example without its answer. */
export type Question = Omit<Example, 'answer'>;

/** What a model says is the next action. */
export type Answer = {
  /**
   * Candidates, best first. LOCAL ranks all of them with probabilities that sum to 1. A chat model names
   * one and gives no probability: that one has 1, the others are left out. Empty with a `problem`.
   */
  ranked: { ref: string; confidence: number }[];
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
  /** @throws {ModelServerError} the model's server cannot be reached or refuses, after retries */
  answer(question: Question, signal: AbortSignal): Promise<Answer>;
};
