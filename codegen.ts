import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types and texts of the client's operations, checked against the printed schema. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'src/client/operations.graphql',
  importExtension: '.ts',
  generates: {
    'src/generated/client/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string', // no parser and no syntax trees in the client
        useTypeImports: true,
        enumType: 'string-literal',
        futureProofEnums: true, // a newer server may say new words
        strictScalars: true,
        scalars: {
          BigInt: { input: 'number | string', output: 'number | string' },
          DateTime: 'string',
          ID: 'string',
          JSON: 'unknown',
        },
      },
    },
  },
};

export default config;
