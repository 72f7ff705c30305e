import {
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql';
import { type JsonSchema, orNull } from './json-schema.ts';
import { inputScalar } from './scalars.ts';

/**
 * What the variables of an operation must be, by the schema: the values of enums are fixed, unknown
 * fields of inputs are refused, as GraphQL does (https://spec.graphql.org/September2025/#sec-Input-Objects).
 *
 * @throws {Error} naming a type that the schema does not have
 */
export function variablesSchemaOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
): JsonSchema {
  const defs: Record<string, JsonSchema> = {};
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const { variable, type: node, defaultValue } of operation.variableDefinitions ?? []) {
    const type = typeFromAST(schema, node);
    if (!type) throw new Error(`Expected a schema with the type of $${variable.name.value}.`);
    properties[variable.name.value] = schemaOf(type as GraphQLInputType, defs);
    if (isNonNullType(type) && !defaultValue) required.push(variable.name.value);
  }
  return {
    type: 'object',
    properties,
    required,
    ...(Object.keys(defs).length > 0 ? { $defs: defs } : {}),
  };
}

function schemaOf(type: GraphQLInputType, defs: Record<string, JsonSchema>): JsonSchema {
  return isNonNullType(type) ? bare(type.ofType, defs) : orNull(bare(type, defs));
}

function bare(type: GraphQLInputType, defs: Record<string, JsonSchema>): JsonSchema {
  if (isNonNullType(type)) return bare(type.ofType, defs);
  if (isListType(type)) {
    const item = schemaOf(type.ofType, defs);
    // One item stands for a list of one.
    return { anyOf: [{ type: 'array', items: item }, item] };
  }
  if (isEnumType(type)) return { enum: type.getValues().map(({ name }) => name) };
  if (!isInputObjectType(type)) return inputScalar(type.name);
  if (!(type.name in defs)) {
    const definition: JsonSchema = { type: 'object' };
    defs[type.name] = definition; // before its fields: an input may hold itself
    const fields = Object.values(type.getFields());
    definition.properties = Object.fromEntries(
      fields.map((field) => [field.name, schemaOf(field.type, defs)]),
    );
    definition.required = fields.filter(isRequiredInputField).map(({ name }) => name);
    definition.additionalProperties = false;
  }
  return { $ref: `#/$defs/${type.name}` };
}
