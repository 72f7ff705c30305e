import {
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { schema } from '../src/schema.ts';

/** Every root field with a document that asks for it. */
export type RootField = {
  operation: 'query' | 'mutation' | 'subscription';
  name: string;
  text: string;
};

/**
 * The root fields of the schema. What arguments say does not matter, but that they are read.
 *
 * @param id for every id
 * @param depth of what is asked of the answer; 0 for the name of its type alone
 */
export function rootFields({
  id = '01890000-0000-7000-8000-000000000001',
  depth = 0,
}: {
  id?: string;
  depth?: number;
} = {}): RootField[] {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  } as const;
  return (['query', 'mutation', 'subscription'] as const).flatMap((operation) =>
    fieldsOf(roots[operation]).map(({ name, args, type }) => {
      // A list without a filter is the whole of it; one that must be filtered is so by the id.
      const needed = args.filter(
        (one) => isNonNullType(one.type) && one.defaultValue === undefined,
      );
      const given = needed.map((one) => `${one.name}: ${literalOf(one.type, id)}`).join(', ');
      const selection = selectionOf(type, depth);
      return {
        operation,
        name,
        text: `${operation} { ${name}${given && `(${given})`}${selection} }`,
      };
    }),
  );
}

function fieldsOf(type: GraphQLObjectType | null | undefined) {
  return Object.values(type?.getFields() ?? {});
}

/** A value of a type that is read. Of an input whose fields need not be given, those that are ids are. */
function literalOf(type: GraphQLInputType, id: string): string {
  if (isNonNullType(type)) return literalOf(type.ofType, id);
  const named = getNamedType(type);
  if (isListType(type)) return named.name === 'ID' ? `["${id}"]` : '[]';
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const told = Object.values(type.getFields()).filter(
      (field) =>
        (isNonNullType(field.type) && field.defaultValue === undefined) ||
        /^(?:id|issueId|fingerprintId)$/.test(field.name),
    );
    return `{ ${told.map(({ name, type: of }) => `${name}: ${literalOf(of, id)}`).join(', ')} }`;
  }
  const scalars: Record<string, string> = {
    ID: `"${id}"`,
    String: '"x"',
    DateTime: '"2026-11-26T10:00:00Z"',
    Boolean: 'true',
  };
  return scalars[named.name] ?? '1';
}

function selectionOf(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  const inner = isUnionType(named)
    ? named.getTypes().map((one) => `... on ${one.name} ${fieldsIn(one, depth)}`)
    : isObjectType(named)
      ? [fieldsIn(named, depth).slice(1, -1)]
      : isInterfaceType(named)
        ? ['__typename']
        : [];
  return ` { __typename ${inner.join(' ')} }`;
}

/** Aliased by their type, so that members of a union may differ in what they call the same. */
function fieldsIn(type: GraphQLObjectType, depth: number): string {
  const fields = Object.values(type.getFields()).filter(
    ({ args }) => !args.some((one) => isNonNullType(one.type) && one.defaultValue === undefined),
  );
  const asked = fields.flatMap(({ name, type: of }) => {
    const isLeaf = !isCompositeType(getNamedType(of));
    if (depth === 0 || (!isLeaf && depth === 1)) return [];
    return [`${type.name}_${name}: ${name}${isLeaf ? '' : selectionOf(of, depth - 1)}`];
  });
  return `{ __typename ${asked.join(' ')} }`;
}
