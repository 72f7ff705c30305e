import { contractLimits } from '../../contract/contracts.ts';
import { builder } from '../../graphql/builder.ts';
import { describe } from '../../graphql/describe.ts';
import { SchemaChanges } from './deploy.ts';

export const ContractKind = builder.enumType('ContractKind', {
  description: 'How an operation is called.',
  values: describe({
    GRAPHQL: 'A GraphQL operation.',
    HTTP: 'A request over HTTP.',
    EVENT: 'A message that is sent without an answer.',
  }),
});

export const ContractViolationKind = builder.enumType('ContractViolationKind', {
  description: 'How a contract is broken.',
  values: describe({
    PARAM_MISMATCH: 'What was sent does not fit, or the server said so.',
    RESPONSE_SCHEMA_ERROR: 'An answer that is not JSON, or does not fit its schema.',
    TIMEOUT: 'No answer in time.',
    UNAVAILABLE: 'The server could not be reached, or a gateway said so.',
  }),
});

const DriftKind = builder.enumType('ContractDriftKind', {
  description: 'How answers came to look otherwise.',
  values: describe({
    FIELD_GONE: 'A field that was always there is missing.',
    TYPE_WIDENED: 'A type that was never there came.',
    NULLS_APPEARED: 'It was never null, and now is.',
  }),
});

const Criticality = builder.enumType('SchemaChangeCriticality', {
  description: 'What a change of a schema may do to clients.',
  values: describe({
    BREAKING: 'Operations that use it fail.',
    DANGEROUS: 'Operations that use it may behave otherwise.',
    SAFE: 'Nothing.',
  }),
});

builder.prismaObject('ContractViolation', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of this way of breaking it.' }),
    kind: t.expose('kind', { type: ContractViolationKind, description: 'How it is broken.' }),
    pointer: t.exposeString('pointer'),
    keyword: t.exposeString('keyword'),
    expected: t.exposeString('expected'),
    actual: t.exposeString('actual'),
    seenCount: t.exposeInt('seenCount'),
    lateCount: t.exposeInt('lateCount'),
    correlationId: t.exposeString('correlationId', { nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was seen first.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'When it was seen last.' }),
  }),
});

builder.prismaObject('ContractDrift', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the drift.' }),
    kind: t.expose('kind', { type: DriftKind, description: 'What happened.' }),
    pointer: t.exposeString('pointer'),
    type: t.exposeString('type'),
    seenCount: t.exposeInt('seenCount'),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was seen first.' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime', description: 'When it was seen last.' }),
  }),
});

export const Contract = builder.prismaObject('Contract', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the contract.' }),
    hash: t.exposeString('hash'),
    service: t.exposeString('service', { description: 'Who promises it.' }),
    operation: t.exposeString('operation', { description: 'Name of what is called.' }),
    version: t.exposeString('version'),
    kind: t.expose('kind', { type: ContractKind, description: 'How it is called.' }),
    parameters: t.expose('parameters', { type: 'JSON' }),
    response: t.expose('response', { type: 'JSON' }),
    timeoutMs: t.exposeInt('timeoutMs'),
    documentHash: t.exposeString('documentHash', { nullable: true }),
    schemaHash: t.exposeString('schemaHash', { nullable: true }),
    coordinates: t.exposeStringList('coordinates'),
    checkCount: t.expose('checkCount', { type: 'BigInt' }),
    violationCount: t.expose('violationCount', { type: 'BigInt' }),
    lastViolationAt: t.expose('lastViolationAt', { type: 'DateTime', nullable: true }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    lastSeenAt: t.expose('lastSeenAt', { type: 'DateTime' }),
    violations: t.relatedConnection(
      'violations',
      {
        cursor: 'id',
        description: 'In which ways it was broken, latest first.',
        query: { orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }] },
      },
      {
        name: 'ContractViolationConnection',
        description: 'A page of ways in which a contract is broken.',
      },
      { name: 'ContractViolationEdge', description: 'An item of such a page.' },
    ),
    drifts: t.relatedConnection(
      'drifts',
      {
        cursor: 'id',
        description: 'How its answers came to look otherwise, latest first.',
        query: { orderBy: [{ lastSeenAt: 'desc' }, { id: 'desc' }] },
      },
      { name: 'ContractDriftConnection', description: 'A page of drifts.' },
      { name: 'ContractDriftEdge', description: 'An item of a page of drifts.' },
    ),
  }),
});

const SchemaChange = builder
  .objectRef<{
    criticality: 'BREAKING' | 'DANGEROUS' | 'SAFE';
    coordinate: string;
    message: string;
    usedBy: string[];
  }>('SchemaChange')
  .implement({
    description: 'How a schema differs from the one before.',
    fields: (t) => ({
      criticality: t.expose('criticality', { type: Criticality, description: 'How serious.' }),
      coordinate: t.exposeString('coordinate', {
        description: 'What changed, as `Type.field(argument:)`.',
      }),
      message: t.exposeString('message', { description: 'What changed, in words.' }),
      usedBy: t.exposeStringList('usedBy', {
        description: 'Operations of the last 30 days that use it: only these break.',
      }),
    }),
  });

export const SchemaVersion = builder.prismaObject('SchemaVersion', {
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Id of the version.' }),
    service: t.exposeString('service', { description: 'Whose schema it is.' }),
    hash: t.exposeString('hash'),
    release: t.exposeString('release', { nullable: true }),
    sdl: t.exposeString('sdl'),
    changes: t.field({
      type: [SchemaChange],
      description: 'What differs from the version before, most serious first; at most 500.',
      select: { changes: true },
      resolve: ({ changes }) => SchemaChanges.parse(changes),
    }),
    breakingUsed: t.exposeInt('breakingUsed'),
    deployedAt: t.expose('deployedAt', { type: 'DateTime' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was new.' }),
  }),
});

const ContractFilter = builder.inputType('ContractFilter', {
  description: 'Which contracts. What is absent does not restrict.',
  fields: (t) => ({
    service: t.string({ description: 'Of this service.' }),
    operation: t.string({ description: 'Of this operation.' }),
    hash: t.string({ description: 'With this hash.' }),
    coordinate: t.string({ description: 'That use this schema coordinate.' }),
    isBroken: t.boolean({ description: 'That were ever broken, or never.' }),
  }),
});

const ContractOrder = builder.enumType('ContractOrder', {
  description: 'Order of contracts.',
  values: describe({
    NEWEST_FIRST: 'Registered last, first.',
    MOST_BROKEN_FIRST: 'Most violations first.',
  }),
});

const SchemaVersionFilter = builder.inputType('SchemaVersionFilter', {
  description: 'Which versions. What is absent does not restrict.',
  fields: (t) => ({ service: t.string({ description: 'Of this service.' }) }),
});

builder.queryFields((fields) => {
  const t = fields.withAuth({ scope: 'READ' });
  return {
    contracts: t.prismaConnection(
      {
        type: Contract,
        cursor: 'id',
        description: 'What services of the project promise, and how well they keep it.',
        args: {
          where: t.arg({ type: ContractFilter, description: 'Which of them.' }),
          orderBy: t.arg({
            type: ContractOrder,
            defaultValue: 'NEWEST_FIRST',
            description: 'In which order.',
          }),
        },
        resolve: (query, _root, { where, orderBy }, { app, viewer }) =>
          app.db.contract.findMany({
            ...query,
            where: {
              projectId: viewer.projectId,
              ...(where?.service ? { service: where.service } : {}),
              ...(where?.operation ? { operation: where.operation } : {}),
              ...(where?.hash ? { hash: where.hash.toLowerCase() } : {}),
              ...(where?.coordinate ? { coordinates: { has: where.coordinate } } : {}),
              ...(where?.isBroken == null
                ? {}
                : { violationCount: where.isBroken ? { gt: 0 } : 0 }),
            },
            orderBy: [
              orderBy === 'MOST_BROKEN_FIRST' ? { violationCount: 'desc' } : { createdAt: 'desc' },
              { id: 'desc' },
            ],
          }),
      },
      { name: 'ContractConnection', description: 'A page of contracts.' },
      { name: 'ContractEdge', description: 'An item of a page of contracts.' },
    ),
    schemaVersions: t.prismaConnection(
      {
        type: SchemaVersion,
        cursor: 'id',
        description: `GraphQL schemas that services of the project run or ran, deployed last first; each of at most ${contractLimits.sdlChars} characters.`,
        args: { where: t.arg({ type: SchemaVersionFilter, description: 'Which of them.' }) },
        resolve: (query, _root, { where }, { app, viewer }) =>
          app.db.schemaVersion.findMany({
            ...query,
            where: {
              projectId: viewer.projectId,
              ...(where?.service ? { service: where.service } : {}),
            },
            orderBy: [{ deployedAt: 'desc' }, { id: 'desc' }],
          }),
      },
      { name: 'SchemaVersionConnection', description: 'A page of versions of schemas.' },
      { name: 'SchemaVersionEdge', description: 'An item of a page of versions of schemas.' },
    ),
  };
});
