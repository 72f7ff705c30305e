import { GraphQLScalarType } from 'graphql';
import { DateTimeResolver } from 'graphql-scalars';
import { builder } from './builder.ts';

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
