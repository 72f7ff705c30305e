import { Writable } from 'node:stream';
import { type GraphQLSchema, graphql } from 'graphql';
import type { ApiScope } from '../src/contract/accounts.ts';
import { builder } from '../src/graphql/builder.ts';
import type { Context } from '../src/graphql/context.ts';
import '../src/graphql/scalars.ts';
import { authenticate } from '../src/accounts/authenticate.ts';
import { allScopes, createKey } from '../src/accounts/keys.ts';
import { maskError } from '../src/graphql/watch.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';
import { type Log, openLog } from '../src/platform/log.ts';
import { childOf } from '../src/platform/trace.ts';
import '../src/accounts/schema.ts';

/** A project with a key of all scopes. */
export type TestProject = { projectId: string; keyId: string; secret: string };

/** What came back, with the codes of the errors beside it. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads what its own query asked for
export type Answer = { data: any; codes: unknown[] };

let schema: GraphQLSchema | null = null;

/** The part of the API that belongs to accounts, alone. */
export function accountsSchema(): GraphQLSchema {
  if (!schema) {
    builder.queryType({ description: 'Reading.' });
    builder.mutationType({ description: 'Writing.' });
    schema = builder.toSchema();
  }
  return schema;
}

export async function makeProject(app: App, name = 'Test'): Promise<TestProject> {
  const projectId = newId();
  await app.db.project.create({ data: { id: projectId, name } });
  const { id, secret } = await makeTestKey(app, projectId, [...allScopes]);
  return { projectId, keyId: id, secret };
}

export function makeTestKey(
  app: App,
  projectId: string,
  scopes: ApiScope[],
  { expiresAt = null, now = new Date() }: { expiresAt?: Date | null; now?: Date } = {},
) {
  const key = {
    id: newId(),
    name: `for ${scopes.join(', ')}`,
    scopes,
    participantLabel: 'P-1',
    expiresAt,
    now,
  };
  return createKey(app, { projectId, scopes: allScopes }, key);
}

/** Asks as the bearer of the token, from an address. */
export async function ask(
  app: App,
  token: string | null,
  source: string,
  variables: Record<string, unknown> = {},
  address = '192.0.2.1',
): Promise<Answer> {
  const recheck = () => authenticate(app, { token, address });
  const contextValue: Context = {
    app,
    viewer: await recheck(),
    transport: 'HTTP',
    address,
    trace: childOf(null),
    recheck,
    once: new Map(),
    signal: new AbortController().signal,
  };
  const report = (fault: unknown) => {
    throw fault; // no test of ours expects one
  };
  const { data, errors = [] } = await graphql({
    schema: accountsSchema(),
    source,
    variableValues: variables,
    contextValue,
  });
  return {
    data,
    codes: errors.map(
      (error) => maskError(error, contextValue.trace.traceId, report).extensions.code,
    ),
  };
}

/** Every row of every table of ours, as text. */
export async function wholeDatabase(app: App): Promise<string> {
  const { rows: tables } = await app.sql.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'pgboss')",
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await app.sql.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    texts.push(...rows.map(({ row }) => row));
  }
  return texts.join('\n');
}

/** A log of everything, and what was written to it so far. */
export function openTestLog(): { log: Log; written: () => string } {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: openLog('trace', sink), written: () => lines.join('') };
}
