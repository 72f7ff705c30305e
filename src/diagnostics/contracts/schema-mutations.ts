import { projectOf } from '../../accounts/known.ts';
import { contractLimits } from '../../contract/contracts.ts';
import { builder } from '../../graphql/builder.ts';
import { Problem } from '../../graphql/problem.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { deploySchema } from './deploy.ts';
import { SchemaUnknownError } from './errors.ts';
import { registerContracts } from './register.ts';
import { Contract, ContractKind, SchemaVersion } from './schema.ts';

builder.objectType(SchemaUnknownError, {
  name: 'SchemaUnknown',
  description:
    'The schema of the service was never deployed here, so that no operation of it can be read.',
  interfaces: [Problem],
});

const ContractParameterInput = builder.inputType('ContractParameterInput', {
  description: 'One parameter of an operation.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name.' }),
    type: t.string({
      required: true,
      description: 'Its type in JSON: string, number, integer, boolean, object, array or null.',
    }),
    isRequired: t.boolean({ required: true, description: 'Whether it must be there.' }),
    values: t.stringList({ description: 'Values that it may have. Absent: any of its type.' }),
  }),
});

const ContractInput = builder.inputType('ContractInput', {
  description: 'What a service promises of one operation.',
  fields: (t) => ({
    service: t.string({ required: true, description: 'Who promises it, up to 200 characters.' }),
    operation: t.string({
      required: true,
      description: 'Name of what is called; of GRAPHQL the name of the operation in the document.',
    }),
    version: t.string({ required: true, description: 'Version of the service, in its own words.' }),
    kind: t.field({ type: ContractKind, required: true, description: 'How it is called.' }),
    document: t.string({
      description: `Of GRAPHQL: the document with its fragments, up to ${contractLimits.documentChars} characters. Schemas are derived by the schema that the service deployed.`,
    }),
    parameters: t.field({
      type: 'JSON',
      description: 'Of the others: what it takes, as JSON Schema 2020-12. Absent: anything.',
    }),
    parameterList: t.field({
      type: [ContractParameterInput],
      description: `The same as a plain list of at most ${contractLimits.parameters}; goes before \`parameters\`.`,
    }),
    response: t.field({
      type: 'JSON',
      description: 'Of the others: what it answers, as JSON Schema 2020-12. Absent: anything.',
    }),
    timeoutMs: t.int({
      description: `Longest time until the answer, in milliseconds, 1 to ${contractLimits.timeoutMs}. Absent: 30,000.`,
    }),
  }),
});

const RegisterContractsInput = builder.inputType('RegisterContractsInput', {
  description: 'Contracts to make known.',
  fields: (t) => ({
    contracts: t.field({
      type: [ContractInput],
      required: true,
      description: `At most ${contractLimits.contractsPerCall}.`,
    }),
  }),
});

const RegisteredContracts = builder
  .objectRef<{ hashes: string[]; projectId: string }>('RegisteredContracts')
  .implement({
    description: 'Contracts that are known now.',
    fields: (t) => ({
      hashes: t.exposeStringList('hashes', {
        description: 'Their hashes, in the order in which they were given. Clients name these.',
      }),
      contracts: t.prismaField({
        type: [Contract],
        description: 'The contracts, by service and operation.',
        resolve: (query, { hashes, projectId }, _args, { app }) =>
          app.db.contract.findMany({
            ...query,
            where: { projectId, hash: { in: hashes } },
            orderBy: [{ service: 'asc' }, { operation: 'asc' }, { id: 'asc' }],
          }),
      }),
    }),
  });

const DeploySchemaInput = builder.inputType('DeploySchemaInput', {
  description: 'The GraphQL schema that a service runs from now on.',
  fields: (t) => ({
    service: t.string({ required: true, description: 'Whose schema it is.' }),
    sdl: t.string({
      required: true,
      description: `The schema in GraphQL’s language, up to ${contractLimits.sdlChars} characters.`,
    }),
    release: t.string({ description: 'Release that brings it.' }),
  }),
});

builder.mutationFields((fields) => {
  const admin = fields.withAuth({ scope: 'ADMIN' });
  return {
    deploySchema: admin.prismaField({
      type: SchemaVersion,
      description:
        'Tells the schema that a service runs from now on; answers with what differs from the one before and which operations that breaks. The same schema again changes nothing.',
      args: {
        input: fields.arg({ type: DeploySchemaInput, required: true, description: 'The schema.' }),
      },
      errors: { types: [InvalidInputError] },
      resolve: async (query, _root, { input }, { app, viewer }) => {
        const id = await deploySchema(app, projectOf(viewer), input);
        return app.db.schemaVersion.findUniqueOrThrow({ ...query, where: { id } });
      },
    }),
    registerContracts: admin.field({
      type: RegisteredContracts,
      description:
        'Makes contracts known. Their content is their identity: registering one twice is nothing new.',
      args: {
        input: fields.arg({
          type: RegisterContractsInput,
          required: true,
          description: 'The contracts.',
        }),
      },
      errors: { types: [InvalidInputError, SchemaUnknownError] },
      resolve: async (_root, { input }, { app, viewer }) => {
        const projectId = projectOf(viewer);
        return { projectId, hashes: await registerContracts(app, projectId, input.contracts) };
      },
    }),
  };
});
