import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/**
 * The schema coordinates that a document uses, sorted: `Query.user`, `Query.user(id:)`, `UserFilter.name`,
 * the types among them (https://spec.graphql.org/September2025/#sec-Schema-Coordinates). An input that comes as a variable counts with
 * all of its fields, since any may be sent.
 */
export function coordinatesOf(schema: GraphQLSchema, document: DocumentNode): string[] {
  const found = new Set<string>();
  const info = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(info, {
      Field(node) {
        const parent = info.getParentType();
        if (!parent || node.name.value.startsWith('__')) return;
        found.add(parent.name);
        found.add(`${parent.name}.${node.name.value}`);
        for (const argument of node.arguments ?? [])
          found.add(`${parent.name}.${node.name.value}(${argument.name.value}:)`);
        const named = getNamedType(info.getType());
        if (named) found.add(named.name);
      },
      ObjectValue() {
        const type = getNamedType(info.getInputType());
        if (type) found.add(type.name);
      },
      ObjectField(node) {
        const parent = getNamedType(info.getParentInputType());
        if (parent) found.add(`${parent.name}.${node.name.value}`);
      },
      EnumValue(node) {
        const type = getNamedType(info.getInputType());
        if (type) found.add(type.name).add(`${type.name}.${node.value}`);
      },
      VariableDefinition(node) {
        const type = typeFromAST(schema, node.type);
        if (type) addInput(type as GraphQLInputType, found);
      },
    }),
  );
  return [...found].sort();
}

function addInput(type: GraphQLInputType, found: Set<string>): void {
  const named = getNamedType(type);
  if (found.has(named.name)) return;
  found.add(named.name);
  if (!isInputObjectType(named)) return;
  for (const field of Object.values(named.getFields())) {
    found.add(`${named.name}.${field.name}`);
    addInput(field.type, found);
  }
}
