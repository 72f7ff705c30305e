import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { refusal } from './errors.ts';
import { complexityCheck, documentLimits, refuseShape } from './limits.ts';
import { compileQuickRun, type QuickRun } from './quick.ts';

/** An operation of a document that may run, as far as the document tells. */
export type KnownOperation = {
  document: DocumentNode;
  node: OperationDefinitionNode;
  refuseCost: ReturnType<typeof complexityCheck>;
  /** For mutations, where the time goes into variables; `null` for the others. */
  quickRun: QuickRun | null;
};

export type Documents = {
  /** The operation that a text and a name mean. The same text is parsed and validated once. */
  find(text: string, name: string | null): KnownOperation | { errors: readonly GraphQLError[] };
};

type KnownDocument =
  | { errors: readonly GraphQLError[] }
  | { operations: Map<string, KnownOperation>; only: KnownOperation | null };

/** @param options.hideSuggestions errors do not tell what the schema has */
export function openDocuments(
  schema: GraphQLSchema,
  { hideSuggestions }: { hideSuggestions: boolean },
): Documents {
  const known = new LRUCache<string, KnownDocument>({
    max: 1_000,
    maxSize: 10_000_000,
    sizeCalculation: (_known, text) => text.length + 1,
  });
  return {
    find(text, name) {
      let found = known.get(text);
      if (!found) {
        found = read(schema, text, hideSuggestions);
        known.set(text, found);
      }
      if ('errors' in found) return found;
      const operation = name === null ? found.only : found.operations.get(name);
      return operation ?? { errors: [noSuchOperation(name, found.operations.size)] };
    },
  };
}

function read(schema: GraphQLSchema, text: string, hideSuggestions: boolean): KnownDocument {
  const { chars, tokens } = documentLimits;
  if (text.length > chars)
    return {
      errors: [
        refusal(
          'TOO_COMPLEX',
          `Expected an operation of at most ${chars} characters, got ${text.length}; put values into variables.`,
        ),
      ],
    };
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: tokens });
  } catch (error) {
    if (error instanceof RangeError)
      // the parser calls itself, and so runs out of stack before tokens
      return {
        errors: [
          refusal(
            'TOO_COMPLEX',
            'Expected an operation that is less deep; put values into variables.',
          ),
        ],
      };
    if (!(error instanceof GraphQLError)) throw error;
    const isLong = error.message.includes('contains more than'); // tokens; graphql-js has no code for it
    return { errors: [coded(error, isLong ? 'TOO_COMPLEX' : 'BAD_USER_INPUT')] };
  }
  const shape = refuseShape(document); // first: the rules below are quadratic in places
  if (shape) return { errors: [shape] };
  const errors = validate(schema, document, specifiedRules, { maxErrors: 10, hideSuggestions });
  if (errors.length > 0) return { errors: errors.map((error) => coded(error, 'BAD_USER_INPUT')) };

  const all = document.definitions
    .filter((node) => node.kind === 'OperationDefinition')
    .map((node) => ({
      document,
      node,
      refuseCost: complexityCheck(schema, document, node),
      quickRun: node.operation === 'mutation' ? compileQuickRun(schema, document, node) : null,
    }));
  const named = all.map((one) => [one.node.name?.value ?? '', one] as const);
  return { operations: new Map(named), only: all.length === 1 ? (all[0] ?? null) : null };
}

function coded(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, path, extensions } = error;
  return new GraphQLError(message, {
    nodes,
    source,
    positions,
    path,
    extensions: { ...extensions, code },
  });
}

function noSuchOperation(name: string | null, count: number): GraphQLError {
  const said = JSON.stringify(name?.slice(0, 80));
  if (name !== null)
    return refusal(
      'BAD_USER_INPUT',
      `Expected operationName to name an operation of the document, got ${said}.`,
    );
  return refusal(
    'BAD_USER_INPUT',
    count > 0
      ? 'Expected operationName, because the document has several operations.'
      : 'Expected an operation in the document, got none.',
  );
}
