import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { makeRule } from '../../../test/alerts.ts';
import { ask, makeViewer, openTestApp } from '../../../test/app.ts';
import { contracts as clientContracts } from '../../generated/client/contracts.ts';
import { contracts } from '../../generated/extension/contracts.ts';
import type { Viewer } from '../../graphql/context.ts';
import type { App } from '../../platform/app.ts';
import { cleanContracts } from './clean.ts';
import { registerOwnContracts } from './own.ts';

const sdl = `type Query { user(id: ID!): User } type User { id: ID! name: String! email: String }`;
const document = 'query User($id: ID!) { user(id: $id) { id name } }';
const deploy = (text: string, release = '1') => ({
  input: { service: 'shop', sdl: text, release },
});
const contract = { service: 'shop', operation: 'User', version: '1', kind: 'GRAPHQL', document };

const DEPLOY = `mutation Deploy($input: DeploySchemaInput!) {
  deploySchema(input: $input) {
    ... on SchemaVersion { id hash release breakingUsed changes { criticality coordinate message usedBy } }
    ... on Problem { code message }
  }
}`;
const REGISTER = `mutation Register($input: RegisterContractsInput!) {
  registerContracts(input: $input) {
    ... on RegisteredContracts { hashes contracts { id operation kind parameters response documentHash coordinates } }
    ... on Problem { code message }
  }
}`;

type Deployed = {
  deploySchema: {
    id: string;
    hash: string;
    code?: string;
    message?: string;
    breakingUsed: number;
    changes: { criticality: string; coordinate: string; usedBy: string[] }[];
  };
};
type Registered = {
  registerContracts: {
    hashes: string[];
    contracts: { id: string; response: object; coordinates: string[] }[];
    code?: string;
    message?: string;
  };
};
const deployed = async (app: App, viewer: Viewer, text: string) =>
  (await ask<Deployed>(app, viewer, DEPLOY, deploy(text))).deploySchema;
const registered = async (app: App, viewer: Viewer, ...contracts: object[]) =>
  (await ask<Registered>(app, viewer, REGISTER, { input: { contracts } })).registerContracts;
const open = async () => {
  const app = await openTestApp();
  return { app, viewer: await makeViewer(app, { scopes: ['ADMIN', 'READ', 'REPORT'] }) };
};

test('a contract is its content: registered twice, or with other white space, it is nothing new', async () => {
  const { app, viewer } = await open();
  await deployed(app, viewer, sdl);

  const first = await registered(app, viewer, contract);
  const second = await registered(app, viewer, {
    ...contract,
    document: document.replaceAll(' ', '\n  '),
  });
  const other = await registered(app, viewer, { ...contract, timeoutMs: 100 });

  expect(second.hashes).toEqual(first.hashes);
  expect(other.hashes).not.toEqual(first.hashes);
  expect(await app.db.contract.count({ where: { projectId: viewer.projectId } })).toBe(2);
  expect(first.contracts[0]).toMatchObject({
    operation: 'User',
    parameters: { required: ['id'] },
    coordinates: [
      'Query',
      'Query.user',
      'Query.user(id:)',
      'ID',
      'String',
      'User',
      'User.id',
      'User.name',
    ].sort(),
  });
});

test('a change elsewhere in the schema makes no new contract', async () => {
  const { app, viewer } = await open();
  await deployed(app, viewer, sdl);
  const before = await registered(app, viewer, contract);

  await deployed(app, viewer, sdl.replace('email: String', 'email: String phone: String'));
  const same = await registered(app, viewer, contract);
  await deployed(app, viewer, sdl.replace('name: String!', 'name: String'));
  const another = await registered(app, viewer, contract);

  expect(same.hashes).toEqual(before.hashes);
  expect(another.hashes).not.toEqual(before.hashes);
});

test('what is registered must be valid: document, schema, JSON Schema; a whole call or nothing', async () => {
  const { app, viewer } = await open();

  const early = await registered(app, viewer, contract);
  await deployed(app, viewer, sdl);
  const wrong = await registered(app, viewer, contract, {
    ...contract,
    document: '{ user { age } }',
  });
  const unnamed = await registered(app, viewer, { ...contract, operation: 'Other' });
  const http = { service: 'shop', operation: 'GET /price', version: '1', kind: 'HTTP' };
  const noSchema = await registered(app, viewer, { ...http, response: { type: 'strnig' } });

  expect(early).toMatchObject({ code: 'SCHEMA_UNKNOWN' });
  expect(wrong).toMatchObject({ code: 'INVALID_INPUT' });
  expect(wrong.message).toContain('input.contracts.1.document');
  expect(unnamed.message).toContain('an operation named Other');
  expect(noSchema.message).toContain('input.contracts.0.response');
  expect(await app.db.contract.count()).toBe(0);
});

test('plain parameters and JSON Schemas describe HTTP and events', async () => {
  const { app, viewer } = await open();
  const http = {
    service: 'shop',
    operation: 'GET /price',
    version: '1',
    kind: 'HTTP',
    parameterList: [{ name: 'sku', type: 'string', isRequired: true }],
    response: { type: 'object', required: ['price'] },
  };

  const { contracts } = await registered(app, viewer, http);

  expect(contracts[0]).toMatchObject({
    parameters: { properties: { sku: { type: 'string' } }, required: ['sku'] },
    response: { required: ['price'] },
    documentHash: null,
  });
});

test('a change breaks only what is used, and says by whom', async () => {
  const { app, viewer } = await open();
  await deployed(app, viewer, sdl);
  await registered(app, viewer, contract);

  const unused = await deployed(app, viewer, sdl.replace(' email: String', ''));
  const used = await deployed(app, viewer, sdl.replace('name: String! ', ''));

  expect(unused).toMatchObject({ breakingUsed: 0 });
  expect(unused.changes).toEqual([
    expect.objectContaining({ criticality: 'BREAKING', coordinate: 'User.email', usedBy: [] }),
  ]);
  expect(used.breakingUsed).toBe(1);
  expect(used.changes[0]).toMatchObject({
    criticality: 'BREAKING',
    coordinate: 'User.name',
    usedBy: ['User'],
  });
});

const shop = `enum Currency { EUR USD } input Filter { text: String inner: Filter }
  type Query { user(id: ID!): User find(filter: Filter, in: Currency): [User!] }
  type User { id: ID! name: String! pays: Currency }`;
const operations = [
  ['User', 'query User($id: ID!) { user(id: $id) { id } }'],
  ['Find', 'query Find($filter: Filter) { find(filter: $filter) { id } }'],
  ['Literal', 'query Literal { find(filter: { inner: {} }, in: EUR) { id } }'],
  ['Pays', 'query Pays($id: ID!) { user(id: $id) { pays } }'],
];

test.each([
  ['an argument that must be given', ['id: ID!)', 'id: ID!, tenant: ID!)'], ['Pays', 'User']],
  ['an input field that must be given', ['text: String', 'text: String!'], ['Find']],
  [
    'a new input field that must be given',
    ['text: String', 'text: String by: ID!'],
    ['Find', 'Literal'],
  ],
  ['a value of an enumeration that is gone', ['EUR USD', 'EUR'], ['Literal', 'Pays']],
  ['a type that may be null now', ['name: String!', 'name: String'], []],
])('%s breaks whoever uses what it belongs to', async (_what, [from = '', to = ''], broken) => {
  const { app, viewer } = await open();
  await deployed(app, viewer, shop);
  await registered(
    app,
    viewer,
    ...operations.map(([operation, text]) => ({ ...contract, operation, document: text })),
  );

  const { breakingUsed, changes } = await deployed(app, viewer, shop.replace(from, to));

  const breaking = changes.filter(({ criticality }) => criticality === 'BREAKING');
  expect(breaking.map(({ usedBy }) => usedBy)).toEqual([broken]);
  expect(breakingUsed).toBe(broken.length > 0 ? 1 : 0);
});

test('a deployment that breaks an operation in use raises an alert; one that breaks none does not', async () => {
  const { app, viewer } = await open();
  await makeRule({ app, viewer }, { trigger: 'CONTRACT_BROKEN' });
  await deployed(app, viewer, sdl);
  await registered(app, viewer, contract);

  await deployed(app, viewer, sdl.replace(' email: String', ''));
  const before = await app.db.alert.count();
  await deployed(app, viewer, sdl.replace('name: String! ', ''));
  await deployed(app, viewer, sdl.replace('name: String! ', ''));

  expect(before).toBe(0);
  expect(await app.db.alert.findMany()).toMatchObject([
    {
      title: 'shop: a deployment breaks an operation in use',
      detail: { operations: 'User', changes: 1, release: '1' },
    },
  ]);
});

test('the same schema again changes nothing, whatever the order of its types', async () => {
  const { app, viewer } = await open();

  const first = await deployed(app, viewer, sdl);
  const again = await deployed(
    app,
    viewer,
    sdl
      .split(' type ')
      .reverse()
      .join(' type ')
      .replace(/^(?!type)/, 'type ')
      .replace('type type', 'type'),
  );

  expect(again.hash).toBe(first.hash);
  expect(await app.db.schemaVersion.count()).toBe(1);
});

test('only those who may change settings register contracts; readers of another project see none', async () => {
  const { app, viewer } = await open();
  await deployed(app, viewer, sdl);
  await registered(app, viewer, contract);
  const reporter = await makeViewer(app, { project: viewer.projectId, scopes: ['REPORT'] });
  const stranger = await makeViewer(app, { scopes: ['READ'] });
  const LIST = '{ contracts { nodes { hash } } }';

  await expect(registered(app, reporter, contract)).rejects.toThrow('lacks the scope');
  expect(await ask(app, viewer, LIST)).toMatchObject({ contracts: { nodes: [{}] } });
  expect(await ask(app, stranger, LIST)).toEqual({ contracts: { nodes: [] } });
});

test('our own operations are known after every start, once, and a release that changes none makes none anew', async () => {
  const { app, viewer } = await open();
  const { schema } = await import('../../schema.ts');
  const start = (version = packageJson.version) =>
    registerOwnContracts(app, schema, { projectId: viewer.projectId, version });

  await start();
  const count = await app.db.contract.count({ where: { isOwn: true } });
  await start();
  await start('999.0.0');

  expect(count).toBeGreaterThan(30);
  const hashes = [...new Set([...contracts, ...clientContracts].map(({ hash }) => hash))];
  expect(hashes.length).toBeGreaterThan(5);
  expect(await app.db.contract.count({ where: { hash: { in: hashes } } })).toBe(hashes.length);
  expect(await app.db.contract.count()).toBe(count);
  const { sdl: stored } = await app.db.schemaVersion.findFirstOrThrow();
  expect(buildSchema(stored).getQueryType()?.getFields().sessions).toBeDefined();
});

test('old schemas go, the one that a service runs stays', async () => {
  const { app, viewer } = await open();
  await deployed(app, viewer, sdl);
  await deployed(app, viewer, sdl.replace('email: String', 'email: String phone: String'));
  await registered(app, viewer, contract);
  await cleanContracts(app, new Date(Date.now() + 400 * 86_400_000));

  expect(await app.db.schemaVersion.count()).toBe(1);
  expect((await app.db.schemaVersion.findFirstOrThrow()).sdl).toContain('phone');
});

test('counts of hours are kept for half a year', async () => {
  const { app, viewer } = await open();
  await deployed(app, viewer, sdl);
  await registered(app, viewer, contract);
  const { id } = await app.db.contract.findFirstOrThrow();
  const now = new Date();
  const hours = [179, 181].map((days) => new Date(now.getTime() - days * 86_400_000));
  await app.db.contractHour.createMany({ data: hours.map((hour) => ({ contractId: id, hour })) });

  await cleanContracts(app, now);

  expect(await app.db.contractHour.findMany({ select: { hour: true } })).toEqual([
    { hour: hours[0] },
  ]);
});
