import type { CodegenConfig } from '@graphql-codegen/cli';

const preset = {
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
} as const;

/** Types and texts of the clients' operations, checked against the printed schema. */
const config: CodegenConfig = {
  schema: 'schema.graphql',
  importExtension: '.ts',
  generates: {
    'src/generated/client/': { ...preset, documents: 'src/client/*.graphql' },
    'src/generated/extension/': { ...preset, documents: 'extension/operations.graphql' },
  },
};

export default config;
