import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExecutionResult, graphql } from 'graphql';
import { onTestFinished } from 'vitest';
import type { ApiScope } from '../src/contract/accounts.ts';
import type { Context, Viewer } from '../src/graphql/context.ts';
import { newId } from '../src/lib/ids.ts';
import { type App, openApp, type Work } from '../src/platform/app.ts';
import { loadConfig } from '../src/platform/config.ts';
import type { Log } from '../src/platform/log.ts';
import { childOf } from '../src/platform/trace.ts';
import { createTestDatabase } from './database.ts';

/**
 * An app on a database and a data folder of its own; both go with the test.
 *
 * @param env variables beside `DATABASE_URL`, `DATA_DIR` and `LOG_LEVEL`
 */
export async function openTestApp({
  env = {},
  log,
  ...work
}: Partial<Work> & { env?: Record<string, string>; log?: Log } = {}): Promise<App> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-app-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const config = loadConfig({
    DATABASE_URL: database.url,
    DATA_DIR: dir,
    LOG_LEVEL: 'silent',
    MAX_EVENT_LOOP_DELAY_MS: '60000', // loading the schema takes a second on a busy machine
    ...env,
  });
  const app = await openApp(config, { pipeline: [], others: [], ...work }, log);
  onTestFinished(() => app.close());
  return app;
}

/** A second process on the same database and data folder; it remembers nothing of the first. */
export async function openReplica(app: App, work: Partial<Work> = {}): Promise<App> {
  const replica = await openApp(app.config, { pipeline: [], others: [], ...work });
  onTestFinished(() => replica.close());
  return replica;
}

/** Answers with the id of a new project. */
export async function makeProject(app: App, name = 'Test'): Promise<string> {
  const { id } = await app.db.project.create({ data: { id: newId(), name } });
  return id;
}

/**
 * Somebody who asks with a key.
 *
 * @param project id of their project; a new one by default
 * @param participant label of the participant whose key it is; `null` for nobody's key
 */
export async function makeViewer(
  app: App,
  {
    project,
    scopes = ['CAPTURE', 'READ'],
    participant = 'P-1',
  }: { project?: string; scopes?: ApiScope[]; participant?: string | null } = {},
): Promise<Viewer> {
  const projectId = project ?? (await makeProject(app));
  const viewer = { kind: 'KEY', id: newId(), projectId, expiresAt: null } as const;
  if (participant === null) return { ...viewer, participantId: null, scopes: new Set(scopes) };
  const { id } = await app.db.participant.upsert({
    where: { projectId_label: { projectId, label: participant } },
    create: { id: newId(), projectId, label: participant },
    update: {},
  });
  return { ...viewer, participantId: id, scopes: new Set(scopes) };
}

/** Runs a document against the whole schema, in this process. The type says what the document asks for. */
export async function ask<T = Record<string, unknown>>(
  app: App,
  viewer: Viewer | null,
  document: string,
  variables: Record<string, unknown> = {},
): Promise<T> {
  const { data, errors } = await askRaw(app, viewer, document, variables);
  if (errors?.[0]) throw errors[0].originalError ?? errors[0];
  return data as T;
}

/** The same, with the errors as a part of the answer. */
export async function askRaw(
  app: App,
  viewer: Viewer | null,
  document: string,
  variables: Record<string, unknown> = {},
): Promise<ExecutionResult> {
  const { schema } = await import('../src/schema.ts'); // tests of the platform need none of it
  const contextValue: Context = {
    app,
    viewer,
    transport: 'HTTP',
    address: '192.0.2.1',
    trace: childOf(null),
    recheck: async () => viewer,
    once: new Map(),
    signal: new AbortController().signal,
  };
  return graphql({ schema, source: document, variableValues: variables, contextValue });
}
