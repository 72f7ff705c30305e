import { DateTimeResolver } from 'graphql-scalars';
import { GraphQLScalarType } from 'graphql';
import { builder } from './builder.ts';

/** Beyond it a string would pass as JSON but not as `jsonb` or text: NUL and halves of surrogate pairs. */
const unstorable = /\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** Whether Postgres refuses the text: it holds NUL or half of a surrogate pair. */
export function isUnstorable(text: string): boolean {
  return unstorable.test(text);
}

builder.addScalarType('DateTime', DateTimeResolver);
builder.scalarType('JSON', {
  description: 'Any JSON value.',
  serialize: (value) => value,
  parseValue: (value) => value,
});
builder.addScalarType(
  'BigInt',
  new GraphQLScalarType({
    name: 'BigInt',
    description:
      'A whole number that may pass 2³¹; a number in JSON while it is exact, a string above 2⁵³.',
    serialize: (value) => {
      const big = BigInt(value as bigint | number);
      return big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : String(big);
    },
    parseValue: (value) => BigInt(value as string | number),
  }),
);
