import { type JsonSchema, jsonTypeOf } from './json-schema.ts';

/** A place where a value does not fit its schema: names and types, never a value. */
export type Deviation = {
  /** JSON pointer with `*` for the items of lists; empty for the whole. */
  pointer: string;
  keyword: string;
  expected: string;
  actual: string;
};

const maxDeviations = 50;
const maxItems = 200; // of one list

/**
 * Every way in which a value departs from a schema of ours (see `JsonSchema`), at most 50. Of alternatives
 * the one that `__typename` names is compared, else the one that fits best.
 */
export function deviationsOf(schema: JsonSchema, value: unknown): Deviation[] {
  const found: Deviation[] = [];
  look({ root: schema, found }, schema, value, '');
  return found.slice(0, maxDeviations);
}

/**
 * The same of what GraphQL answered: a null that an error on its path explains is no deviation
 * (https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors).
 */
export function deviationsOfResult(
  schema: JsonSchema,
  {
    data,
    errors,
  }: { data?: unknown; errors?: readonly { path?: readonly (string | number)[] }[] | undefined },
): Deviation[] {
  if (data === undefined) return [];
  const explained = (errors ?? []).map(({ path }) => pointerOf(path ?? []));
  return deviationsOf(schema, data).filter(
    ({ pointer, actual }) =>
      actual !== 'null' || !explained.some((at) => at === pointer || at.startsWith(`${pointer}/`)),
  );
}

type Look = { root: JsonSchema; found: Deviation[] };

function look(state: Look, given: JsonSchema, value: unknown, pointer: string): void {
  if (state.found.length >= maxDeviations) return;
  const schema = given.$ref ? resolve(state.root, given.$ref) : given;
  const actual = jsonTypeOf(value);
  const add = (keyword: string, expected: string, seen: string = actual, at = pointer) =>
    state.found.push({ pointer: at, keyword, expected, actual: seen });
  const types = schema.type === undefined ? null : [schema.type].flat();
  if (types && !types.includes(actual) && !(actual === 'integer' && types.includes('number')))
    return void add('type', types.join('|'));
  if (schema.const !== undefined && schema.const !== value) add('const', jsonTypeOf(schema.const));
  if (schema.enum && !schema.enum.some((word) => word === value))
    add('enum', `one of ${schema.enum.length}`);
  if (schema.anyOf) lookAtAny(state, schema.anyOf, value, pointer);
  if (typeof value === 'number') {
    if (schema.minimum !== undefined && value < schema.minimum) add('minimum', 'a larger number');
    if (schema.maximum !== undefined && value > schema.maximum) add('maximum', 'a smaller number');
  } else if (Array.isArray(value)) {
    if (schema.items)
      for (const item of value.slice(0, maxItems)) look(state, schema.items, item, `${pointer}/*`);
  } else if (value !== null && typeof value === 'object') {
    const members = value as Record<string, unknown>;
    const { properties = {}, required = [], additionalProperties } = schema;
    for (const name of required)
      if (members[name] === undefined) add('required', 'present', 'absent', below(pointer, name));
    for (const [name, inner] of Object.entries(properties))
      if (members[name] !== undefined) look(state, inner, members[name], below(pointer, name));
    if (additionalProperties === false)
      for (const name of Object.keys(members))
        if (!(name in properties) && members[name] !== undefined)
          add('additionalProperties', 'absent', 'present', pointer); // its name may be data
  }
}

function lookAtAny(state: Look, alternatives: JsonSchema[], value: unknown, pointer: string): void {
  let best: Deviation[] | null = null;
  for (const alternative of alternatives) {
    const found: Deviation[] = [];
    look({ root: state.root, found }, alternative, value, pointer);
    if (found.length === 0) return;
    const isNamed = !found.some(
      ({ pointer: at, keyword }) => keyword === 'const' && at === below(pointer, '__typename'),
    );
    const isOfType = !found.some(
      ({ pointer: at, keyword }) => keyword === 'type' && at === pointer,
    );
    if (isNamed && isOfType && (best === null || found.length < best.length)) best = found;
  }
  if (best) state.found.push(...best);
  else
    state.found.push({
      pointer,
      keyword: 'anyOf',
      expected: `one of ${alternatives.length}`,
      actual: jsonTypeOf(value),
    });
}

function resolve({ $defs = {} }: JsonSchema, reference: string): JsonSchema {
  return $defs[reference.slice('#/$defs/'.length)] ?? {};
}

function below(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function pointerOf(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (pointer, part) => (typeof part === 'number' ? `${pointer}/*` : below(pointer, part)),
    '',
  );
}
