import { type GraphQLFormattedError, parse, subscribe } from 'graphql';
import { createClient } from 'graphql-ws';
import { expect, onTestFinished, test } from 'vitest';
import WebSocket from 'ws';
import { wholeDatabase } from '../../test/accounts.ts';
import { makeChannel, makeRule, openAlerting } from '../../test/alerts.ts';
import { askRaw, makeProject, makeViewer, openTestApp } from '../../test/app.ts';
import { aReport, take } from '../../test/reports.ts';
import { type RootField, rootFields } from '../../test/root-fields.ts';
import { makeClient } from '../../test/sync.ts';
import { authenticate } from '../accounts/authenticate.ts';
import { allScopes, createKey } from '../accounts/keys.ts';
import { type ApiScope, apiScopes } from '../contract/accounts.ts';
import type { Context, Viewer } from '../graphql/context.ts';
import { openServer } from '../graphql/server.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { childOf } from '../platform/trace.ts';
import { schema } from '../schema.ts';
import { deploySchema } from './contracts/deploy.ts';
import { registerContracts } from './contracts/register.ts';

/** What a key needs for each root field of diagnostics: one of the scopes that name it. */
const needs: Record<RootField['operation'], Partial<Record<ApiScope, string[]>>> = {
  query: {
    READ: [
      ...['alertRules', 'alerts', 'channels', 'contractHealth', 'contracts', 'deliveries'],
      ...['errorCascades', 'errorEvents', 'errorIssue', 'errorIssueTrend', 'errorIssues'],
      ...['errorMovers', 'errorResolutionTimes', 'errorTrends', 'reportLedger', 'reportSettings'],
      ...['schemaVersions', 'sourceMaps', 'syncClients', 'syncIssue', 'syncIssues'],
    ],
    REPORT: ['syncInstructions'],
  },
  mutation: {
    ADMIN: [
      ...['archiveErrorIssue', 'assignErrorIssue', 'deleteAlertRule', 'deleteChannel'],
      ...['deleteSourceMaps', 'deploySchema', 'mergeErrorIssues', 'registerContracts'],
      ...['reopenErrorIssue', 'reportErrors', 'resolveErrorIssue', 'resolveSyncIssue'],
      ...['saveAlertRule', 'saveChannel', 'saveReportSettings', 'saveSourceMap'],
      ...['setSyncAuthority', 'splitErrorIssue', 'testChannel', 'undoSyncResolution'],
    ],
    REPORT: [
      ...['acknowledgeSyncInstruction', 'reportContractChecks', 'reportErrors', 'reportSyncState'],
    ],
  },
  subscription: {
    READ: ['alertRaised', 'debugStream', 'syncIssueChanged'],
    REPORT: ['syncInstructionsWaiting'],
  },
};
const scopesFor = ({ operation, name }: RootField): string[] =>
  Object.entries(needs[operation]).flatMap(([scope, names]) =>
    names.includes(name) ? [scope] : [],
  );
const ours = (options: Parameters<typeof rootFields>[0] = {}) =>
  rootFields(options).filter((field) => scopesFor(field).length > 0);

/** What is public by nature may do no more than this; the first three of the mutations anybody may. */
const allowed = {
  query: ['syncInstructions', 'viewer'],
  mutation: [
    ...['refresh', 'signIn', 'signOut'],
    'acknowledgeSyncInstruction',
    'reportContractChecks',
    'reportErrors',
    'reportSyncState',
  ].sort(),
  subscription: ['syncInstructionsWaiting'],
};

test('a key that may report, and is public by nature, is refused on every other root field', {
  timeout: 120_000,
}, async () => {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['REPORT'], participant: null });
  const open: Record<string, string[]> = { query: [], mutation: [], subscription: [] };
  const fields = rootFields();
  for (const field of fields)
    if (!(await codesOf(app, viewer, field)).includes('FORBIDDEN'))
      open[field.operation]?.push(field.name);

  expect(fields.length).toBeGreaterThan(100);
  for (const names of Object.values(open)) names.sort();
  expect(open).toEqual(allowed);
});

test('every root field that is about diagnostics has a row in the table of rights', () => {
  const words = /error|alert|channel|contract|schema|sync|debug|report|sourceMap|deliver/i;
  const others = [
    'qualityReports',
    'reportCaptureHealth',
    'reportOutcome',
    'reportTrainingMetrics',
  ];
  const left = rootFields()
    .filter((field) => words.test(field.name) && scopesFor(field).length === 0)
    .map(({ name }) => name);

  expect(left).toEqual(others);
  const named = Object.values(needs).flatMap((by) => Object.values(by).flat());
  const known = new Set(rootFields().map(({ name }) => name));
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

test.each(['HTTP', 'WEBSOCKET'] as const)(
  'over %s each root field is refused to keys without its scope, and to nobody else',
  { timeout: 120_000 },
  async (transport) => {
    const app = await openTestApp();
    const project = await makeProject(app);
    const server = await openServer(app, { schema, authenticate });
    onTestFinished(() => server.close());
    const open = transport === 'HTTP' ? openHttp : openSocket;
    const fields = ours().filter(
      ({ operation }) => transport === 'WEBSOCKET' || operation !== 'subscription',
    );

    const wrong: string[] = [];
    for (const scope of Object.keys(apiScopes) as ApiScope[]) {
      const key = {
        id: newId(),
        name: scope,
        scopes: [scope],
        participantLabel: scope === 'CAPTURE' ? 'P-1' : null,
      };
      const { secret } = await createKey(
        app,
        { projectId: project, scopes: allScopes },
        { ...key, expiresAt: null, now: new Date() },
      );
      const codesFor = open(server.url, secret);
      for (const field of fields) {
        const mayAsk = scopesFor(field).includes(scope);
        if (mayAsk && field.operation === 'subscription') continue; // it would wait for events
        const isRefused = (await codesFor(field.text)).includes('FORBIDDEN');
        if (isRefused === mayAsk) wrong.push(`${field.name} with ${scope}`);
      }
    }

    expect(wrong).toEqual([]);
  },
);

test('nobody is refused as nobody on every root field, and so is a token that is none', async () => {
  const app = await openTestApp();
  const server = await openServer(app, { schema, authenticate });
  onTestFinished(() => server.close());

  for (const field of ours())
    expect([field.name, await codesOf(app, null, field)]).toEqual([
      field.name,
      ['UNAUTHENTICATED'],
    ]);
  for (const token of [null, 'cs_none'])
    expect(await openHttp(server.url, token)('{ errorIssues { totalCount } }')).toEqual([
      'UNAUTHENTICATED',
    ]);
});

test('whoever may do everything in one project sees and changes nothing of another, by whatever id', {
  timeout: 240_000,
}, async () => {
  const { app, ids, projectId } = await openWithEverything();
  const stranger = await makeViewer(app, { scopes: [...allScopes], participant: null });
  const rows = async () =>
    (await wholeDatabase(app))
      .split('\n')
      .filter((row) => [projectId, ...ids].some((id) => row.includes(id)))
      .sort();
  const before = await rows();
  const leaks: string[] = [];

  for (const id of ids)
    for (const { name, operation, text } of ours({ id, depth: 4 }).filter(
      ({ operation }) => operation !== 'subscription',
    )) {
      const { data } = await askRaw(app, stranger, text);
      if (/secret/i.test(JSON.stringify(data ?? null))) leaks.push(`${operation} ${name}`);
    }

  expect(leaks).toEqual([]);
  expect(before.length).toBeGreaterThan(20);
  expect(await rows()).toEqual(before);
});

/** A project with one of each thing, whose words say that they are a secret, and all of their ids. */
async function openWithEverything(): Promise<{ app: App; ids: string[]; projectId: string }> {
  const alerting = await openAlerting();
  const { app, projectId } = alerting;
  const viewer = { ...alerting.viewer, scopes: new Set(allScopes) };
  const channelIds = [await makeChannel(alerting, 'SLACK', { name: 'secret channel' })];
  const ruleIds = [
    await makeRule(alerting, { name: 'secret rule', channelIds }),
    await makeRule(alerting, { name: 'secret rule', trigger: 'SYNC_DIVERGED' }),
  ];
  const exceptions = [{ type: 'SecretError', message: 'secret', frames: [] }];
  await take(app, projectId, [aReport({ exceptions, source: { service: 'secret service' } })]);
  const sdl = 'type Query { secret: String }';
  const versionId = await deploySchema(app, projectId, { service: 'secret', sdl });
  await registerContracts(app, projectId, [
    { service: 'secret', operation: 'secret', version: '1', kind: 'HTTP' },
  ]);
  const page = makeClient(app, viewer, { name: 'Secret page' });
  const conflict = { type: 'CONFLICT', entityType: 'Secret', entityId: 'secret' };
  await page.report({ issues: [{ ...conflict, local: 'secret', remote: 'other secret' }] });
  const found = await Promise.all([
    app.db.errorIssue.findMany({ select: { id: true } }),
    app.db.fingerprint.findMany({ select: { id: true } }),
    app.db.syncIssue.findMany({ select: { id: true } }),
    app.db.contract.findMany({ select: { id: true } }),
    app.db.alert.findMany({ select: { id: true } }),
    app.db.delivery.findMany({ select: { id: true } }),
  ]);
  const ids = [
    ...[...channelIds, ...ruleIds, versionId, page.id],
    ...found.flat().map(({ id }) => id),
  ];
  for (const some of found) expect(some.length).toBeGreaterThan(0);
  const own = await askRaw(
    app,
    viewer,
    '{ channels { nodes { name } } errorIssues { nodes { title } } }',
  );
  expect(JSON.stringify(own.data).match(/secret/gi)?.length).toBeGreaterThan(1);
  return { app, ids, projectId };
}

/** Codes of the errors that a field answers with, in this process. */
async function codesOf(
  app: App,
  viewer: Viewer | null,
  { operation, text }: RootField,
): Promise<unknown[]> {
  const contextValue: Context = {
    ...{ app, viewer, transport: 'HTTP', address: '192.0.2.1', trace: childOf(null) },
    ...{ recheck: async () => viewer, once: new Map(), signal: new AbortController().signal },
  };
  const result =
    operation === 'subscription'
      ? await subscribe({ schema, document: parse(text), contextValue })
      : await askRaw(app, viewer, text);
  return codesIn('errors' in result ? result.errors : []);
}

type Asking = (query: string) => Promise<unknown[]>;

function openHttp(url: string, token: string | null): Asking {
  return async (query) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify({ query }),
    });
    const { errors } = (await response.json()) as { errors?: GraphQLFormattedError[] };
    return codesIn(errors);
  };
}

function openSocket(url: string, token: string | null): Asking {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token },
    retryAttempts: 0,
  });
  onTestFinished(() => void client.dispose());
  return async (query) => {
    for await (const { errors } of client.iterate({ query })) return codesIn(errors);
    return [];
  };
}

function codesIn(errors: readonly GraphQLFormattedError[] | undefined): unknown[] {
  return (errors ?? []).map(({ extensions }) => extensions?.code);
}
