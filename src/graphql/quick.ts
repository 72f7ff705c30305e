import {
  type DocumentNode,
  type ExecutionResult,
  executeRootSelectionSet,
  type GraphQLField,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
  type ValidatedExecutionArgs,
  type VariableValues,
  validateExecutionArgs,
} from 'graphql';
import { compileVariables } from './coerce.ts';
import { compileComplete, irregular } from './complete.ts';
import type { Context } from './context.ts';
import { type Direct, directOf } from './direct.ts';

/** Runs an operation, or answers with `null` when graphql-js must do it: its variables do not fit. */
export type QuickRun = (
  variables: Record<string, unknown>,
  context: Context,
) => ExecutionResult | Promise<ExecutionResult> | null;

type Run = (
  variables: VariableValues,
  context: Context,
) => ExecutionResult | Promise<ExecutionResult>;

/**
 * Makes a valid operation ready to run with variables that our own coercer makes; and, where it is
 * one mutation whose answer is plain, without graphql-js's executor, which takes longer for the answer
 * to one interaction than redaction, MAC and sealing together.
 *
 * @returns `null` where that coercer cannot serve
 */
export function compileQuickRun(
  schema: GraphQLSchema,
  document: DocumentNode,
  node: OperationDefinitionNode,
): QuickRun | null {
  const coerce = compileVariables(schema, node);
  if (!coerce) return null;
  const definitions = document.definitions.map((definition) =>
    definition === node ? { ...node, variableDefinitions: [] } : definition,
  );
  const args = validateExecutionArgs({
    schema,
    document: { ...document, definitions },
    operationName: node.name?.value ?? null,
  });
  if (!('schema' in args)) return null;
  const run =
    compileDirectRun(args) ??
    ((variableValues, contextValue) =>
      executeRootSelectionSet({ ...args, variableValues, contextValue }));
  return (variables, context) => {
    const variableValues = coerce(variables);
    return variableValues && run(variableValues, context);
  };
}

/**
 * Runs one mutation by its resolver, with everything that Pothos has wrapped around it (without, where
 * the resolver is marked and the caller may call it), and shapes the answer by a compiled function.
 * Errors, and whatever that function does not understand, are replayed through graphql-js, which gets
 * the resolver's outcome in place of the resolver.
 */
function compileDirectRun(args: ValidatedExecutionArgs): Run | null {
  const { schema, operation, fragmentDefinitions } = args;
  const [node, ...others] = operation.selectionSet.selections;
  const parentType = schema.getMutationType();
  if (!parentType || node?.kind !== Kind.FIELD || others.length > 0) return null;
  const field = parentType.getFields()[node.name.value];
  const hasDirectives = Boolean(node.directives?.length || operation.directives?.length);
  if (!field?.resolve || !node.selectionSet || hasDirectives) return null;
  const complete = compileComplete({ schema, fragments: fragmentDefinitions }, field.type, [
    node.selectionSet,
  ]);
  if (!complete) return null;

  const { resolve } = field;
  const direct = directOf(field);
  const key = node.alias?.value ?? field.name;
  const about = {
    fieldName: field.name,
    fieldNodes: [node],
    returnType: field.type,
    parentType,
    path: { prev: undefined, key, typename: parentType.name },
    schema,
    fragments: fragmentDefinitions,
    rootValue: undefined,
    operation,
    getAbortSignal: () => undefined, // a mutation goes on, whoever waits for its answer
    getAsyncHelpers: () => untracked,
  };
  const unresolved = withoutResolver(schema, field);
  return async (variableValues, contextValue) => {
    const replay = (outcome: () => unknown) =>
      executeRootSelectionSet({
        ...args,
        schema: unresolved,
        rootValue: { [field.name]: outcome },
        variableValues,
        contextValue,
      });
    const info: GraphQLResolveInfo = { ...about, variableValues };
    let value: unknown;
    try {
      const given = getArgumentValues(field, node, variableValues);
      value = direct?.isAllowed(contextValue)
        ? await resolveDirectly(direct, resolve, [undefined, given, contextValue, info])
        : await resolve(undefined, given, contextValue, info);
    } catch (error) {
      return replay(() => {
        throw error;
      });
    }
    const completed = complete(value, contextValue, info);
    return completed === irregular ? replay(() => value) : { data: { [key]: completed } };
  };
}

/** An error is a matter of Pothos: it knows which are refusals, and their types. */
async function resolveDirectly(
  direct: Direct,
  wrapped: Direct['resolve'],
  given: Parameters<Direct['resolve']>,
): Promise<unknown> {
  let met: unknown;
  try {
    const value = await direct.resolve(...given);
    if (!(value instanceof Error)) return value;
    met = value;
  } catch (error) {
    met = error;
  }
  direct.remember(given[2], met);
  return wrapped(...given);
}

const untracked: ReturnType<GraphQLResolveInfo['getAsyncHelpers']> = {
  promiseAll: (values) => Promise.all(values),
  track: () => undefined,
};

/** The schema as the executor sees it, with a field that reads its value from the root. */
function withoutResolver(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, Context>,
): GraphQLSchema {
  const bare = Object.assign(Object.create(Object.getPrototypeOf(field)), field, {
    resolve: undefined,
  });
  return Object.create(schema, {
    getField: {
      value: (...[type, name]: Parameters<GraphQLSchema['getField']>) => {
        const found = schema.getField(type, name);
        return found === field ? bare : found;
      },
    },
  });
}
