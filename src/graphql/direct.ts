import type { GraphQLField, GraphQLResolveInfo } from 'graphql';
import * as z from 'zod';
import { apiScopes } from '../contract/accounts.ts';
import { wordsOf } from '../contract/vocabulary.ts';
import type { Context } from './context.ts';

type Resolver = (
  root: undefined,
  args: Record<string, unknown>,
  context: Context,
  info: GraphQLResolveInfo,
) => unknown;

/** How a field is resolved without what Pothos wraps around its resolver. */
export type Direct = {
  /** Whether the caller has the rights; who has not is refused by Pothos, in its words. */
  isAllowed(context: Context): boolean;
  resolve: Resolver;
  /** Lets the resolver that Pothos has wrapped meet this error in place of running again. */
  remember(context: Context, error: unknown): void;
};

/** What Pothos leaves with a field, as far as it is understood here. */
const Extensions = z.object({
  pothosOriginalResolve: z.instanceof(Function),
  pothosArgMappers: z.array(z.never()),
  pothosOptions: z.object({
    authScopes: z.strictObject({ anyScope: z.array(z.enum(wordsOf(apiScopes))) }),
  }),
});

class Met {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

const bare = new WeakMap<object, Resolver>();

/**
 * Marks the resolver of a busy mutation, which needs of Pothos no more than the check of its rights and
 * the naming of its refusals. Pothos keeps what it knows of an operation in a `WeakMap`, beside a way
 * back to the context: to V8's scavenger that is alive. Bench of ingest: 4 KB of each call grew old, and
 * with as much of the context itself (`operation-context.ts`) marking them was a seventh of the CPU time.
 */
export function direct<R extends (...given: never[]) => unknown>(resolver: R): R {
  const resolve = resolver as unknown as Resolver;
  const wrapped: Resolver = (root, args, context, info) => {
    const met = context.once.get(resolve);
    if (met instanceof Met) throw met.error;
    return resolve(root, args, context, info);
  };
  bare.set(wrapped, resolve);
  return wrapped as unknown as R;
}

/** `null` for a field whose resolver is not marked, or whose rights are not understood. */
export function directOf({ extensions }: GraphQLField<unknown, Context>): Direct | null {
  const parsed = Extensions.safeParse(extensions);
  if (!parsed.success) return null;
  const { anyScope } = parsed.data.pothosOptions.authScopes;
  const resolve = bare.get(parsed.data.pothosOriginalResolve);
  if (!resolve) return null;
  return {
    isAllowed: ({ viewer }) =>
      viewer !== null && anyScope.some((scope) => viewer.scopes.has(scope)),
    resolve,
    remember: (context, error) => void context.once.set(resolve, new Met(error)),
  };
}
