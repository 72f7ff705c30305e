import type { JsonSchema } from './json-schema.ts';

const int: JsonSchema = { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
const output: Record<string, JsonSchema> = {
  Int: int,
  Float: { type: 'number' },
  String: { type: 'string' },
  Boolean: { type: 'boolean' },
  ID: { type: 'string' },
  DateTime: { type: 'string' },
  BigInt: { type: ['integer', 'string'] },
};

/** What a scalar may be in an answer. A scalar that is not known here may be anything. */
export function outputScalar(name: string): JsonSchema {
  return output[name] ?? {};
}

/** What a scalar may be in variables: an ID may be a number, too. */
export function inputScalar(name: string): JsonSchema {
  return name === 'ID' ? { type: ['string', 'integer'] } : outputScalar(name);
}
