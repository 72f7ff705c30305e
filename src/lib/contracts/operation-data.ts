import {
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { type JsonSchema, orNull } from './json-schema.ts';
import { outputScalar } from './scalars.ts';

/**
 * What the data of an operation must be, by the schema: every field that was asked for is there, and is
 * null only where it may be. Values of enums stay open, since a newer server may say new words.
 *
 * @throws {Error} naming a field that the schema does not have
 */
export function dataSchemaOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): JsonSchema {
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`Expected a schema with a type for a ${operation.operation}.`);
  return objectSchema({ schema, document }, root, [operation.selectionSet], false);
}

type Place = { schema: GraphQLSchema; document: DocumentNode };
type Asked = { nodes: FieldNode[]; isOptional: boolean };

function objectSchema(
  place: Place,
  type: GraphQLObjectType,
  sets: SelectionSetNode[],
  isTagged: boolean,
): JsonSchema {
  const asked = new Map<string, Asked>();
  for (const set of sets) collect(place, type, set, false, asked);
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [key, { nodes, isOptional }] of asked) {
    properties[key] = fieldSchema(place, type, nodes, isTagged);
    if (!isOptional) required.push(key);
  }
  return { type: 'object', properties, required };
}

function fieldSchema(
  place: Place,
  parent: GraphQLObjectType,
  nodes: FieldNode[],
  isTagged: boolean,
): JsonSchema {
  const name = nodes[0]?.name.value ?? '';
  if (name === '__typename') return isTagged ? { const: parent.name } : { type: 'string' };
  const field = place.schema.getField(parent, name);
  if (!field) throw new Error(`Expected a schema with the field ${parent.name}.${name}.`);
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  return schemaOf(place, field.type, sets);
}

function schemaOf(place: Place, type: GraphQLOutputType, sets: SelectionSetNode[]): JsonSchema {
  return isNonNullType(type) ? bare(place, type.ofType, sets) : orNull(bare(place, type, sets));
}

function bare(place: Place, type: GraphQLOutputType, sets: SelectionSetNode[]): JsonSchema {
  if (isNonNullType(type)) return bare(place, type.ofType, sets);
  if (isListType(type)) return { type: 'array', items: schemaOf(place, type.ofType, sets) };
  if (isEnumType(type)) return { type: 'string' };
  if (isObjectType(type)) return objectSchema(place, type, sets, false);
  if (!isAbstractType(type)) return outputScalar(type.name);
  const possible = place.schema.getPossibleTypes(type);
  return distinct(possible.map((each) => objectSchema(place, each, sets, true)));
}

/** Types that look alike, for want of `__typename`, are one alternative. A type that a newer server adds fits none. */
function distinct(alternatives: JsonSchema[]): JsonSchema {
  const byText = new Map(alternatives.map((each) => [JSON.stringify(each), each]));
  const [only, ...more] = byText.values();
  return only && more.length === 0 ? only : { anyOf: [...byText.values()] };
}

function collect(
  place: Place,
  type: GraphQLObjectType,
  set: SelectionSetNode,
  isWithin: boolean,
  asked: Map<string, Asked>,
): void {
  for (const node of set.selections) {
    const isOptional =
      isWithin || (node.directives ?? []).some(({ name }) => /^(?:skip|include)$/.test(name.value));
    if (node.kind === Kind.FIELD) {
      const key = node.alias?.value ?? node.name.value;
      const known = asked.get(key);
      if (known) {
        known.nodes.push(node);
        known.isOptional &&= isOptional;
      } else asked.set(key, { nodes: [node], isOptional });
      continue;
    }
    const inner = node.kind === Kind.INLINE_FRAGMENT ? node : fragmentOf(place, node.name.value);
    const on = inner.typeCondition?.name.value;
    if (!on || applies(place.schema, type, on))
      collect(place, type, inner.selectionSet, isOptional, asked);
  }
}

function fragmentOf({ document }: Place, name: string) {
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name) return node;
  throw new Error(`Expected a document with the fragment ${name}.`);
}

function applies(schema: GraphQLSchema, type: GraphQLObjectType, on: string): boolean {
  if (type.name === on) return true;
  const condition = schema.getType(on);
  return isAbstractType(condition) && schema.isSubType(condition, type);
}
