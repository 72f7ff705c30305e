import { readFile } from 'node:fs/promises';
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { expect, test } from 'vitest';
import { openDocuments } from './graphql/documents.ts';
import { schema } from './schema.ts';

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

test('the committed schema.graphql is current: `npm run generate` writes it', async () => {
  const committed = await readFile(new URL('../schema.graphql', import.meta.url), 'utf8');

  expect(committed).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`);
});

test('every type, field, argument, input field and enum value has a description', () => {
  const bare: string[] = [];
  const note = (place: string, { description }: { description?: string | null | undefined }) => {
    if (!description?.trim()) bare.push(place);
  };
  for (const type of types) {
    note(type.name, type);
    if (isEnumType(type))
      for (const value of type.getValues()) note(`${type.name}.${value.name}`, value);
    if (isInputObjectType(type))
      for (const field of Object.values(type.getFields()))
        note(`${type.name}.${field.name}`, field);
    if (isObjectType(type) || isInterfaceType(type))
      for (const field of Object.values(type.getFields())) {
        note(`${type.name}.${field.name}`, field);
        for (const argument of field.args)
          note(`${type.name}.${field.name}(${argument.name}:)`, argument);
      }
  }

  expect(bare).toEqual([]);
});

test('every root field checks who asks', () => {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  const open = roots.flatMap((root) =>
    Object.values(root?.getFields() ?? {}).filter((field) => {
      const options = field.extensions.pothosOptions as { authScopes?: unknown } | undefined;
      return options?.authScopes === undefined;
    }),
  );

  expect(open.map(({ name }) => name)).toEqual([]);
});

test('a mutation takes one input and its answer is a union with problems', () => {
  const odd = Object.values(schema.getMutationType()?.getFields() ?? {}).filter(
    ({ args }) => args.length !== 1 || args[0]?.name !== 'input',
  );

  expect(odd.map(({ name }) => name)).toEqual([]);
});

test('a page costs its size, so that pages in pages cannot multiply without end', () => {
  const documents = openDocuments(schema, { hideSuggestions: false });
  const costOf = (text: string) => {
    const found = documents.find(text, null);
    return 'errors' in found ? found.errors[0] : found.refuseCost({});
  };
  const pages = (first: number, within: number) =>
    `{ sessions(first: ${first}) { nodes { interactions(first: ${within}) { nodes { id } } } } }`;

  expect(costOf(pages(200, 200))?.extensions).toMatchObject({ code: 'TOO_COMPLEX' });
  expect(costOf(pages(200, 20))).toBeNull();
  expect(costOf('{ sessions { nodes { id } } }')).toBeNull();
});
