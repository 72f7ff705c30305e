import { deliverJob } from '../src/diagnostics/alerts/jobs.ts';
import type { Viewer } from '../src/graphql/context.ts';
import { newId } from '../src/lib/ids.ts';
import type { App } from '../src/platform/app.ts';
import { ask, makeViewer, openTestApp } from './app.ts';
import { type ChannelServer, openChannelServer, testSecret } from './channel-server.ts';

export type Alerting = { app: App; viewer: Viewer; projectId: string; channels: ChannelServer };

/** An app that delivers, a project, and a server for its channels. */
export async function openAlerting(env: Record<string, string> = {}): Promise<Alerting> {
  const channels = await openChannelServer();
  const app = await openTestApp({
    env: { ALERT_ALLOWED_HOSTS: channels.host, RETRY_DELAY_SECONDS: '1', ...env },
    others: [deliverJob],
  });
  const viewer = await makeViewer(app, { participant: null, scopes: ['READ', 'ADMIN'] });
  return { app, viewer, projectId: viewer.projectId, channels };
}

type Kind = 'SLACK' | 'DISCORD' | 'WEBHOOK';

/** A channel at the test's server; answers with its id. */
export async function makeChannel(
  { app, viewer, channels }: Alerting,
  kind: Kind = 'WEBHOOK',
  over: Record<string, unknown> = {},
): Promise<string> {
  const id = newId();
  const input = {
    id,
    kind,
    name: kind.toLowerCase(),
    url: `${channels.url}/${kind.toLowerCase()}`,
    ...(kind === 'WEBHOOK' ? { secret: testSecret } : {}),
    ...over,
  };
  const { saveChannel } = await ask<{ saveChannel: { __typename: string; message?: string } }>(
    app,
    viewer,
    `mutation ($input: SaveChannelInput!) {
      saveChannel(input: $input) { __typename ... on Problem { message } } }`,
    { input },
  );
  if (saveChannel.__typename !== 'Channel') throw new Error(saveChannel.message);
  return id;
}

/** A rule that tells channels; answers with its id. */
export async function makeRule(
  { app, viewer }: Pick<Alerting, 'app' | 'viewer'>,
  over: Record<string, unknown>,
): Promise<string> {
  const input = { id: newId(), name: 'a rule', trigger: 'ISSUE_NEW', ...over };
  const { saveAlertRule } = await ask<{ saveAlertRule: { __typename: string; message?: string } }>(
    app,
    viewer,
    `mutation ($input: SaveAlertRuleInput!) {
      saveAlertRule(input: $input) { __typename ... on Problem { message } } }`,
    { input },
  );
  if (saveAlertRule.__typename !== 'AlertRule') throw new Error(saveAlertRule.message);
  return input.id;
}
