import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  type GraphQLInputType,
  GraphQLInt,
  type GraphQLSchema,
  GraphQLString,
  isInputObjectType,
  isListType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableValues,
} from 'graphql';

/** The coerced value; `undefined` for what does not fit. */
type Coerce = (value: unknown) => unknown;

type Field = { name: string; type: GraphQLInputType; coerce: Coerce };

type Variable = { name: string; type: GraphQLInputType; coerce: Coerce };

/** Coerced variables as the executor wants them, or `null` when it must find out itself what is wrong. */
type VariableCoercer = (variables: Record<string, unknown>) => VariableValues | null;

/**
 * A coercer for the variables of one operation that gives what graphql-js gives, in a tenth of the
 * time (bench of ingest: 3 instead of 33 µs for an interaction). graphql-js builds each input object
 * without a prototype, which V8 keeps as a slow dictionary; these are plain objects with the fields in
 * the order of the schema. It only says yes: what does not fit is left to graphql-js, so that errors
 * are its own.
 *
 * @returns `null` where a default value would have to be filled in
 */
export function compileVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): VariableCoercer | null {
  const compiled = new Map<GraphQLInputType, Coerce>();
  const variables: Variable[] = [];
  for (const { variable, type: node, defaultValue } of variableDefinitions) {
    const type = inputTypeOf(schema, node);
    if (defaultValue || !type) return null;
    variables.push({ name: variable.name.value, type, coerce: coercerOf(compiled, type) });
  }
  return (given) => {
    const coerced: Record<string, unknown> = Object.create(null);
    const sources: Record<string, VariableValues['sources'][string]> = Object.create(null);
    for (const { name, type, coerce } of variables) {
      if (!Object.hasOwn(given, name)) {
        if (isNonNullType(type)) return null;
        continue;
      }
      const value = coerce(given[name]);
      if (value === undefined) return null;
      coerced[name] = value;
      sources[name] = { signature: { name, type, default: undefined }, value: given[name] };
    }
    return { sources, coerced };
  };
}

function inputTypeOf(
  schema: GraphQLSchema,
  node: Parameters<typeof typeFromAST>[1],
): GraphQLInputType | null {
  const type = typeFromAST(schema, node);
  return (type as GraphQLInputType | undefined) ?? null; // validation has refused output types
}

/** Types may hold themselves: the coercer of a type is known before it is made. */
function coercerOf(compiled: Map<GraphQLInputType, Coerce>, type: GraphQLInputType): Coerce {
  const known = compiled.get(type);
  if (known) return known;
  let made: Coerce | null = null;
  compiled.set(type, (value) => made?.(value));
  made = makeCoercer(compiled, type);
  compiled.set(type, made);
  return made;
}

function makeCoercer(compiled: Map<GraphQLInputType, Coerce>, type: GraphQLInputType): Coerce {
  if (isNonNullType(type)) {
    const inner = coercerOf(compiled, type.ofType);
    return (value) => (value == null ? undefined : inner(value));
  }
  if (isListType(type)) return coerceList(coercerOf(compiled, type.ofType));
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    // Defaults and one-of inputs are rare: graphql-js knows them.
    if (
      type.isOneOf ||
      fields.some((field) => field.default !== undefined || field.defaultValue !== undefined)
    )
      return () => undefined;
    return coerceObject(
      fields.map(({ name, type: fieldType }) => ({
        name,
        type: fieldType,
        coerce: coercerOf(compiled, fieldType),
      })),
    );
  }
  return (value) => {
    if (value == null) return null;
    try {
      return type.coerceInputValue(value);
    } catch {
      return undefined; // graphql-js will throw it again, with the path
    }
  };
}

function coerceList(inner: Coerce): Coerce {
  return (value) => {
    if (value == null) return null;
    if (!Array.isArray(value)) return undefined;
    const list = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index += 1) {
      const item = inner(value[index]);
      if (item === undefined) return undefined;
      list[index] = item;
    }
    return list;
  };
}

/** What needs no more than a look, as JavaScript on `part`; `false` sends it through the coercer. */
const looks = new Map<GraphQLInputType, string>([
  [GraphQLString, `typeof part === 'string'`],
  [GraphQLID, `typeof part === 'string'`],
  [GraphQLBoolean, `typeof part === 'boolean'`],
  [GraphQLInt, `typeof part === 'number' && (part | 0) === part`],
  [GraphQLFloat, `typeof part === 'number' && part - part === 0`], // neither infinite nor NaN
]);

/**
 * A function of its own for each type of object: one for all types reads and writes fields whose names
 * it does not know, which takes V8 more than twice as long (8 instead of 3 µs). Of the schema it holds names alone, which are
 * `[_A-Za-z][_0-9A-Za-z]*`.
 */
function coerceObject(fields: Field[]): Coerce {
  const lines = fields.map(({ name, type }, index) => {
    const isRequired = isNonNullType(type);
    const look = looks.get(isRequired ? type.ofType : type) ?? 'false';
    return `
      part = given.${name};
      if (part !== undefined) {
        if (!(${look}) && (part = coerce[${index}](part)) === undefined) return undefined;
        made.${name} = part;
        found += 1;
      }${isRequired ? ' else return undefined;' : ''}`;
  });
  const make = new Function(
    'coerce',
    `return (given) => {
      if (given == null) return null;
      if (typeof given !== 'object' || Array.isArray(given)) return undefined;
      const made = {};
      let found = 0;
      let part;${lines.join('')}
      for (const _name in given) found -= 1;
      return found === 0 ? made : undefined; // else there is an unknown field
    }`,
  );
  return make(fields.map(({ coerce }) => coerce));
}
