import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import ErrorsPlugin from '@pothos/plugin-errors';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import type { ApiScope } from '../contract/accounts.ts';
import type PrismaTypes from '../generated/pothos.ts';
import { getDatamodel } from '../generated/pothos.ts';
import type { Context, Viewer } from './context.ts';
import { forbidden, unauthenticated } from './errors.ts';

type Scalars = {
  ID: { Input: string; Output: string };
  DateTime: { Input: Date; Output: Date };
  JSON: { Input: unknown; Output: unknown };
  BigInt: { Input: bigint; Output: bigint | number };
};

/** Anybody may ask; a field without a scope does not build. */
type AuthScopes = { anybody: boolean; viewer: boolean; scope: ApiScope; anyScope: ApiScope[] };

/**
 * The one builder. Features declare their types with it; this file declares none.
 *
 * Every root field names its `authScopes`; `floors` of rights are checked again at each event of a
 * subscription.
 */
export const builder = new SchemaBuilder<{
  DefaultFieldNullability: false;
  Context: Context;
  AuthContexts: {
    viewer: Context & { viewer: Viewer };
    scope: Context & { viewer: Viewer };
    anyScope: Context & { viewer: Viewer };
  };
  AuthScopes: AuthScopes;
  PrismaTypes: PrismaTypes;
  Scalars: Scalars;
  DefaultEdgesNullability: false;
}>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin, ComplexityPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  errors: {
    defaultTypes: [],
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName[0]?.toUpperCase()}${fieldName.slice(1)}Result`,
      description: 'What was asked for, or why it was refused.',
    },
  },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => ({
      anybody: true,
      viewer: viewer !== null,
      scope: (scope) => viewer?.scopes.has(scope) ?? false,
      anyScope: (scopes) => scopes.some((scope) => viewer?.scopes.has(scope)),
    }),
    unauthorizedError: (_parent, context) => (context.viewer ? forbidden() : unauthenticated()),
  },
  complexity: {
    disabled: true, // at run time: `admit` has checked the whole operation before
    defaultComplexity: 1,
    defaultListMultiplier: 5,
    limit: { complexity: 20_000, depth: 14, breadth: 600 },
  },
  relay: {
    cursorType: 'String',
    nodesOnConnection: { description: 'The items of the page, without their cursors.' },
    edgesFieldOptions: {
      nullable: false,
      description: 'The items of the page with their cursors.',
    },
    nodeFieldOptions: { description: 'The item.' },
    cursorFieldOptions: { description: 'Place of the item, for `after` and `before`.' },
    pageInfoFieldOptions: { description: 'Where the page is in the list.' },
    pageInfoTypeOptions: { description: 'Where a page is in its list.' },
    hasNextPageFieldOptions: { description: 'Whether there are items after the page.' },
    hasPreviousPageFieldOptions: { description: 'Whether there are items before the page.' },
    startCursorFieldOptions: { description: 'Cursor of the first item. `null` for an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last item. `null` for an empty page.' },
    firstArgOptions: { description: 'How many items from the start, at most 200. Default: 20.' },
    afterArgOptions: { description: 'Only items after this cursor.' },
    lastArgOptions: { description: 'How many items from the end, at most 200.' },
    beforeArgOptions: { description: 'Only items before this cursor.' },
  },
  prisma: {
    client: ({ app }) => app.db,
    dmmf: getDatamodel(),
    exposeDescriptions: true,
    filterConnectionTotalCount: true,
    maxConnectionSize: 200,
    defaultConnectionSize: 20,
    onUnusedQuery: 'error',
  },
});
