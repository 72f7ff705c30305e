import type { JsonSchema, JsonType } from './json-schema.ts';

/** One parameter of an operation, in the plain form that needs no JSON Schema. */
export type Parameter = {
  name: string;
  type: JsonType;
  isRequired: boolean;
  /** Values that it may have. Absent: any of its type. */
  values?: string[] | null | undefined;
};

/** A plain list of parameters as JSON Schema; others than the listed ones may come, too. */
export function schemaOfParameters(parameters: Parameter[]): JsonSchema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      parameters.map(({ name, type, values }) => [name, values ? { enum: values } : { type }]),
    ),
    required: parameters.filter(({ isRequired }) => isRequired).map(({ name }) => name),
  };
}
