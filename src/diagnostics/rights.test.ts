import {
  type GraphQLError,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  parse,
  subscribe,
} from 'graphql';
import { expect, test } from 'vitest';
import { askRaw, makeViewer, openTestApp } from '../../test/app.ts';
import type { Context } from '../graphql/context.ts';
import { childOf } from '../platform/trace.ts';
import { schema } from '../schema.ts';

/** What is public by nature may do no more than this; the first three of the mutations anybody may. */
const allowed = {
  query: ['syncInstructions', 'viewer'],
  mutation: [
    ...['refresh', 'signIn', 'signOut'],
    'acknowledgeSyncInstruction',
    'reportContractChecks',
    'reportErrors',
    'reportSyncState',
  ].sort(),
  subscription: ['syncInstructionsWaiting'],
};

/** A value of a type that is read; what it says does not matter. */
function literalOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalOf(type.ofType);
  if (isListType(type)) return '[]';
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const needed = Object.values(type.getFields()).filter(
      (field) => isNonNullType(field.type) && field.defaultValue === undefined,
    );
    return `{ ${needed.map(({ name, type: of }) => `${name}: ${literalOf(of)}`).join(', ')} }`;
  }
  const scalars: Record<string, string> = {
    ID: '"01890000-0000-7000-8000-000000000001"',
    String: '"x"',
    DateTime: '"2026-11-26T10:00:00Z"',
    Boolean: 'true',
  };
  return scalars[getNamedType(type).name] ?? '1';
}

function documentsOf(root: GraphQLObjectType | null | undefined, operation: string) {
  return Object.values(root?.getFields() ?? {}).map(({ name, args, type }) => {
    const needed = args.filter((one) => isNonNullType(one.type) && one.defaultValue === undefined);
    const given = needed.map((one) => `${one.name}: ${literalOf(one.type)}`).join(', ');
    const selection = isCompositeType(getNamedType(type)) ? ' { __typename }' : '';
    return { name, text: `${operation} { ${name}${given ? `(${given})` : ''}${selection} }` };
  });
}

test('a key that may report, and is public by nature, is refused on every other root field', {
  timeout: 120_000,
}, async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['REPORT'], participant: null });
  const contextValue: Context = {
    ...{ app, viewer, transport: 'HTTP', address: '192.0.2.1', trace: childOf(null) },
    ...{ recheck: async () => viewer, once: new Map(), signal: new AbortController().signal },
  };
  const isRefused = (errors: readonly GraphQLError[] | undefined) =>
    errors?.some(({ extensions }) => extensions.code === 'FORBIDDEN') ?? false;
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  const open: Record<string, string[]> = { query: [], mutation: [], subscription: [] };
  let asked = 0;
  for (const [operation, root] of Object.entries(roots))
    for (const { name, text } of documentsOf(root, operation)) {
      asked += 1;
      const result =
        operation === 'subscription'
          ? await subscribe({ schema, document: parse(text), contextValue })
          : await askRaw(app, viewer, text);
      if (!('errors' in result && isRefused(result.errors))) open[operation]?.push(name);
    }

  expect(asked).toBeGreaterThan(100);
  for (const names of Object.values(open)) names.sort();
  expect(open).toEqual(allowed);
});
