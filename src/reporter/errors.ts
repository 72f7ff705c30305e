import { clean, cleanDeep } from './scrub.ts';
import { framesOf } from './stack.ts';
import type { Exception } from './types.ts';

const mostErrors = 10;

type ErrorLike = {
  name?: unknown;
  message?: unknown;
  stack?: unknown;
  cause?: unknown;
  errors?: unknown;
};

/** An error and what caused it, the outermost first; of an `AggregateError` each of its errors, too. */
export function exceptionsOf(error: unknown): Exception[] {
  const chain = new Set([error]);
  // A set that grows while it is walked is walked to its new end.
  for (const one of chain) {
    const { cause, errors } = likeError(one);
    for (const next of [cause, ...(Array.isArray(errors) ? errors : [])])
      if (next != null && chain.size < mostErrors) chain.add(next);
  }
  return [...chain].map(exceptionOf);
}

/** The class of an error, as cheaply as can be. */
export function typeOf(error: unknown): string {
  return String(likeError(error).name || typeof error);
}

function exceptionOf(error: unknown): Exception {
  const { message, stack } = likeError(error);
  const words = String(message ?? wordsOf(error));
  // V8 begins a stack with type and message, whose lines may look like calls.
  const [before = '', ...rest] = String(stack).split(words);
  const calls = /^.*: $/.test(before) ? rest.join(words) : stack;
  const frames = cleanDeep(framesOf(calls));
  return { type: clean(typeOf(error), 512), message: clean(words, 8192), frames };
}

function likeError(value: unknown): ErrorLike {
  return value instanceof Object ? value : {};
}

/** Something that was thrown and is no error. */
function wordsOf(thrown: unknown): string {
  return thrown instanceof Object ? JSON.stringify(thrown).slice(0, 2048) : String(thrown);
}
