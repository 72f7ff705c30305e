import {
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { Context } from './context.ts';

/**
 * Shapes what a resolver gave as a selection wants it, as graphql-js would; `irregular` where that
 * would be an error or would have to wait, which is left to graphql-js.
 */
export type Complete = (value: unknown, context: Context, info: GraphQLResolveInfo) => unknown;

/** Not to be had in one go: a promise, an error, a null where none may be. */
export const irregular = Symbol('irregular');

type Document = {
  schema: GraphQLSchema;
  fragments: Readonly<Record<string, FragmentDefinitionNode>>;
};

/** The fields that one object is asked for, by the name in the answer, in its order. */
type Wanted = Map<string, { name: string; sets: SelectionSetNode[] }>;

/**
 * Compiles a selection of a valid document whose fields are plain properties of what the resolver
 * gives, below one union or interface at most.
 *
 * @returns `null` for a selection with fields that have resolvers or arguments, or with directives
 */
export function compileComplete(
  document: Document,
  type: GraphQLOutputType,
  sets: SelectionSetNode[],
): Complete | null {
  if (isAbstractType(type)) {
    const possible = new Map<string, Complete>();
    for (const member of document.schema.getPossibleTypes(type)) {
      const complete = compileConcrete(document, member, sets);
      if (!complete) return null;
      possible.set(member.name, complete);
    }
    return (value, context, info) => {
      if (value == null) return null;
      const name = type.resolveType?.(value, context, info, type);
      const complete = typeof name === 'string' ? possible.get(name) : undefined;
      return complete ? complete(value, context, info) : irregular;
    };
  }
  if (isNonNullType(type)) {
    const inner = compileComplete(document, type.ofType, sets);
    return inner && ((...given) => inner(...given) ?? irregular);
  }
  return compileConcrete(document, type, sets);
}

function compileConcrete(
  document: Document,
  type: GraphQLOutputType,
  sets: SelectionSetNode[],
): Complete | null {
  if (isNonNullType(type)) {
    const inner = compileConcrete(document, type.ofType, sets);
    return inner && ((...given) => inner(...given) ?? irregular);
  }
  if (isListType(type)) {
    const inner = compileConcrete(document, type.ofType, sets);
    return inner && completeList(inner);
  }
  if (isLeafType(type))
    return (value) => {
      if (value == null) return null;
      if (value instanceof Error || isPromiseLike(value)) return irregular;
      try {
        return type.coerceOutputValue(value) ?? irregular;
      } catch {
        return irregular; // graphql-js will throw it again, with the path
      }
    };
  if (!isObjectType(type) || type.isTypeOf) return null;
  const wanted: Wanted = new Map();
  for (const set of sets) if (!collect(document, type, set, wanted)) return null;
  const fields: { key: string; name: string; complete: Complete }[] = [];
  for (const [key, { name, sets: below }] of wanted) {
    const field = type.getFields()[name];
    const complete =
      name === '__typename'
        ? () => type.name
        : field && isPlain(field) && compileConcrete(document, field.type, below);
    if (!complete) return null;
    fields.push({ key, name, complete });
  }
  return (value, context, info) => {
    if (value == null) return null;
    if (typeof value !== 'object' || value instanceof Error || isPromiseLike(value))
      return irregular;
    const source = value as Record<string, unknown>;
    const object: Record<string, unknown> = {};
    for (const { key, name, complete } of fields) {
      const part = source[name];
      const completed = typeof part === 'function' ? irregular : complete(part, context, info);
      if (completed === irregular) return irregular;
      object[key] = completed;
    }
    return object;
  };
}

function completeList(inner: Complete): Complete {
  return (value, context, info) => {
    if (value == null) return null;
    if (!Array.isArray(value)) return irregular;
    const list = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index += 1) {
      list[index] = inner(value[index], context, info);
      if (list[index] === irregular) return irregular;
    }
    return list;
  };
}

function isPromiseLike(value: unknown): boolean {
  return typeof (value as { then?: unknown }).then === 'function';
}

/** Pothos leaves the resolver out where a field exposes a property. */
function isPlain({ resolve, args }: GraphQLField<unknown, Context>): boolean {
  return resolve === undefined && args.length === 0;
}

/** @returns whether all of it is understood; a directive is not */
function collect(
  document: Document,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
  wanted: Wanted,
): boolean {
  return selections.every((selection) => {
    if (selection.directives?.length) return false;
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      const known = wanted.get(key) ?? { name: selection.name.value, sets: [] };
      if (selection.selectionSet) known.sets.push(selection.selectionSet);
      wanted.set(key, known);
      return true;
    }
    const fragment =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection
        : document.fragments[selection.name.value];
    if (!fragment) return false;
    const condition =
      fragment.typeCondition && document.schema.getType(fragment.typeCondition.name.value);
    const applies =
      !condition ||
      condition === type ||
      (isAbstractType(condition) && document.schema.isSubType(condition, type));
    return !applies || collect(document, type, fragment.selectionSet, wanted);
  });
}
