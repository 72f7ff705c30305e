import { isIPv6 } from 'node:net';
import { complexityFromQuery } from '@pothos/plugin-complexity';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { builder } from './builder.ts';
import { refusal } from './errors.ts';

/** What a document may be, before anything is resolved. The dashboard's largest has a fifth of it. */
export const documentLimits = {
  /** Text, in UTF-16 code units. Values belong into variables. */
  chars: 100_000,
  tokens: 5_000,
  /** Fields below each other; introspection has a rule of its own in graphql-js. */
  depth: 14,
  /** Fields as written, before fragments are spread: what validation compares pair by pair. */
  fields: 1_000,
  rootFields: 30,
  aliases: 60,
  directives: 60,
} as const;

/** Counts operations per window. */
export type RateLimit = {
  /** Counts one; answers with the refusal when it is one too many. */
  consume(key: string): GraphQLError | null;
};

const maxCounted = 100_000; // keys, users and networks at once; about 20 MB

type Fragments = Map<string, FragmentDefinitionNode>;

/** Why a document is refused by its shape alone; `null` when it is not. Linear in its size. */
export function refuseShape(document: DocumentNode): GraphQLError | null {
  const fragments = fragmentsOf(document);
  const count = { fields: 0, aliases: 0, directives: 0 };
  visit(document, {
    Field: ({ alias }) => {
      count.fields += 1;
      if (alias) count.aliases += 1;
    },
    Directive: () => {
      count.directives += 1;
    },
  });
  const depths = new Map<SelectionSetNode, number>();
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const measured = {
    ...count,
    depth: Math.max(0, ...operations.map((node) => depthOf(node.selectionSet, fragments, depths))),
    rootFields: Math.max(0, ...operations.map((node) => node.selectionSet.selections.length)),
  };
  for (const [name, actual] of Object.entries(measured) as [keyof typeof measured, number][]) {
    const max = documentLimits[name];
    if (actual > max) return tooComplex(name === 'rootFields' ? 'root fields' : name, actual, max);
  }
  return null;
}

/**
 * Prepares the check of what an operation may cost by the builder's `complexity` options. Where the
 * cost does not depend on variables it is computed once; otherwise only the variables that it
 * depends on are coerced, never the payload of a mutation.
 *
 * @param document valid for the schema
 */
export function complexityCheck(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Record<string, unknown>) => GraphQLError | null {
  const names = costVariables(schema, document, operation);
  const reduced: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [
      {
        ...operation,
        variableDefinitions: (operation.variableDefinitions ?? []).filter(({ variable }) =>
          names.has(variable.name.value),
        ),
      },
      ...fragmentsOf(document).values(),
    ],
  };
  const check = (variables: Record<string, unknown>): GraphQLError | null => {
    try {
      return refuseCost(complexityFromQuery(reduced, { ctx: {}, schema, variables }));
    } catch (error) {
      if (error instanceof GraphQLError) return error; // a variable does not fit
      throw error;
    }
  };
  if (names.size > 0) return check;
  const answer = check({});
  return () => answer;
}

/** Limits operations of one key, user or address. Kept in memory: each replica counts by itself. */
export function openRateLimit({
  windowMs,
  maxRequests,
}: {
  windowMs: number;
  maxRequests: number;
}): RateLimit {
  const windows = new LRUCache<string, { endsAt: number; count: number }>({ max: maxCounted });
  return {
    consume(key) {
      const now = performance.now();
      let window = windows.get(key);
      if (!window || window.endsAt <= now) {
        window = { endsAt: now + windowMs, count: 0 };
        windows.set(key, window);
      }
      window.count += 1;
      if (window.count <= maxRequests) return null;
      const retryAfterSeconds = Math.max(1, Math.ceil((window.endsAt - now) / 1000));
      return refusal(
        'RATE_LIMITED',
        `Expected at most ${maxRequests} operations in ${windowMs / 1000} s, got more. Try again in ${retryAfterSeconds} s.`,
        { retryAfterSeconds },
      );
    },
  };
}

/** The network under which an address is counted: an IPv6 host owns a whole /64. */
export function networkOf(address: string): string {
  const host = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(host)) return host;
  const [head = '', tail = ''] = host.split('%')[0]?.split('::') ?? [];
  const groups = head.split(':').filter(Boolean);
  const after = tail.split(':').filter(Boolean);
  const zeros = Array<string>(Math.max(0, 8 - groups.length - after.length)).fill('0');
  const all = host.includes('::') ? [...groups, ...zeros, ...after] : groups;
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function tooComplex(what: string, actual: number, max: number): GraphQLError {
  return refusal(
    'TOO_COMPLEX',
    `Expected a ${what} of at most ${max} in an operation, got ${actual}.`,
    {
      limit: what,
      max,
      actual,
    },
  );
}

function refuseCost(cost: {
  complexity: number;
  depth: number;
  breadth: number;
}): GraphQLError | null {
  const { limit } = builder.options.complexity ?? {};
  const max = typeof limit === 'object' ? limit : {};
  for (const name of ['complexity', 'depth', 'breadth'] as const) {
    const most = max?.[name];
    if (most !== undefined && cost[name] > most) return tooComplex(name, cost[name], most);
  }
  return null;
}

/** Variables inside the arguments of fields whose cost is a function of their arguments. */
function costVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Set<string> {
  const names = new Set<string>();
  const types = new TypeInfo(schema);
  const reduced = {
    kind: Kind.DOCUMENT,
    definitions: [operation, ...fragmentsOf(document).values()],
  } as const;
  visit(
    reduced,
    visitWithTypeInfo(types, {
      Field(node: FieldNode) {
        if (typeof types.getFieldDef()?.extensions.complexity !== 'function') return;
        for (const argument of node.arguments ?? [])
          visit(argument, { Variable: ({ name }) => void names.add(name.value) });
      },
    }),
  );
  return names;
}

function fragmentsOf(document: DocumentNode): Fragments {
  const fragments: Fragments = new Map();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  return fragments;
}

/** Each selection set is measured once, so that fragments in fragments do not multiply the work. */
function depthOf(
  set: SelectionSetNode,
  fragments: Fragments,
  known: Map<SelectionSetNode, number>,
): number {
  const before = known.get(set);
  if (before !== undefined) return before;
  known.set(set, 0); // a cycle of fragments; validation refuses it by name
  let depth = 0;
  for (const node of set.selections) {
    if (node.kind === Kind.FIELD) {
      const isIntrospection = node.name.value.startsWith('__');
      const below =
        node.selectionSet && !isIntrospection ? depthOf(node.selectionSet, fragments, known) : 0;
      depth = Math.max(depth, 1 + below);
    } else {
      const inner = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
      if (inner) depth = Math.max(depth, depthOf(inner.selectionSet, fragments, known));
    }
  }
  known.set(set, depth);
  return depth;
}
