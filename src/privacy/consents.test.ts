import { expect, test } from 'vitest';
import { ask, askRaw, makeViewer, openTestApp } from '../../test/app.ts';
import { aStart, sha256, upTo } from '../../test/sessions.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';

const CONSENT = 'id version textSha256 locale acceptedAt recordedAt withdrawnAt';
const PROBLEM = '__typename ... on Problem { code } ... on InvalidInput { field }';
const RECORD = `mutation ($input: RecordConsentInput!) { recordConsent(input: $input) { ${PROBLEM} ... on Consent { ${CONSENT} } } }`;
const WITHDRAW = `mutation ($input: WithdrawConsentInput!) { withdrawConsent(input: $input) { ${PROBLEM} ... on Consent { ${CONSENT} } } }`;
const START = `mutation ($input: StartSessionInput!) { startSession(input: $input) { ${PROBLEM}
  ... on SessionStarted { session { consent { id version } } }
  ... on ConsentMissing { withdrawnAt }
} }`;
const MINE = `query ($first: Int) { viewer { participant { consents(first: $first) { totalCount nodes { id withdrawnAt } } } } }`;

const aConsent = (more: object = {}) => ({
  id: newId(),
  version: '2026-10-01',
  textSha256: sha256('We record what you do.'),
  locale: 'de-AT',
  acceptedAt: '2026-10-02T08:00:00.000Z',
  ...more,
});

type Answer = { __typename: string; withdrawnAt?: string | null } & Record<string, unknown>;

async function say(app: App, viewer: Viewer, document: string, input: object): Promise<Answer> {
  const [answer] = Object.values(
    await ask<Record<string, Answer>>(app, viewer, document, { input }),
  );
  if (!answer) throw new Error('Expected an answer.');
  return answer;
}

async function openPlace() {
  const app = await openTestApp();
  const viewer = await makeViewer(app, { scopes: ['CAPTURE'] });
  const other = await makeViewer(app, {
    project: viewer.projectId,
    participant: 'P-2',
    scopes: ['CAPTURE'],
  });
  return { app, viewer, other };
}

const start = (app: App, viewer: Viewer, consentId: string | null) =>
  say(app, viewer, START, aStart({ consentId }));

test('a consent is recorded once, however often it is sent, and read at its participant', async () => {
  const { app, viewer, other } = await openPlace();
  const consent = aConsent();

  const sent = await Promise.all(upTo(4).map(() => say(app, viewer, RECORD, consent)));
  const later = aConsent();
  await say(app, viewer, RECORD, later);

  for (const answer of sent)
    expect(answer).toMatchObject({
      __typename: 'Consent',
      ...consent,
      acceptedAt: new Date(consent.acceptedAt),
      withdrawnAt: null,
    });
  expect(await ask(app, viewer, MINE, { first: 1 })).toEqual({
    viewer: {
      participant: {
        consents: { totalCount: 2, nodes: [{ id: later.id, withdrawnAt: null }] },
      },
    },
  });
  expect(await ask(app, other, MINE)).toEqual({
    viewer: { participant: { consents: { totalCount: 0, nodes: [] } } },
  });
});

test('another consent under a used id is refused, whatever it differs in and whosever it is', async () => {
  const { app, viewer, other } = await openPlace();
  const consent = aConsent();
  await say(app, viewer, RECORD, consent);

  for (const more of [
    { version: '2' },
    { textSha256: sha256('Another text') },
    { locale: 'en' },
    { acceptedAt: '2026-10-02T08:00:00.001Z' },
  ])
    expect(await say(app, viewer, RECORD, { ...consent, ...more })).toMatchObject({
      __typename: 'IdTaken',
    });
  expect(await say(app, other, RECORD, consent)).toMatchObject({ __typename: 'IdTaken' });
  expect(await app.db.consent.findMany()).toMatchObject([
    { version: '2026-10-01', locale: 'de-AT' },
  ]);
});

test('what does not fit is refused by the name of its field', async () => {
  const { app, viewer } = await openPlace();
  const nobody = await makeViewer(app, { participant: null, scopes: ['CAPTURE'] });
  const reader = await makeViewer(app, { scopes: ['READ'] });

  for (const [field, more] of [
    ['id', { id: 'one' }],
    ['version', { version: 'first version' }],
    ['version', { version: 'v'.repeat(65) }],
    ['textSha256', { textSha256: 'ABC' }],
    ['locale', { locale: 'German---' }],
    ['acceptedAt', { acceptedAt: '0000-01-01T00:00:00.000Z' }],
  ] as const)
    expect(await say(app, viewer, RECORD, aConsent(more))).toMatchObject({
      __typename: 'InvalidInput',
      field: `input.${field}`,
    });
  expect(await say(app, nobody, RECORD, aConsent())).toMatchObject({
    code: 'PARTICIPANT_MISSING',
  });
  const { errors } = await askRaw(app, reader, RECORD, { input: aConsent() });
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

test('a session begins under a consent of its participant that holds, or under none', async () => {
  const { app, viewer, other } = await openPlace();
  const [mine, theirs] = [aConsent(), aConsent()];
  await say(app, viewer, RECORD, mine);
  await say(app, other, RECORD, theirs);

  expect(await start(app, viewer, mine.id)).toMatchObject({
    session: { consent: { id: mine.id, version: '2026-10-01' } },
  });
  expect(await start(app, viewer, null)).toMatchObject({ session: { consent: null } });
  for (const unknown of [theirs.id, newId()])
    expect(await start(app, viewer, unknown)).toEqual({
      __typename: 'ConsentMissing',
      code: 'CONSENT_MISSING',
      withdrawnAt: null,
    });
  expect(await start(app, viewer, 'one')).toMatchObject({ field: 'input.consentId' });
  expect(await app.db.session.count()).toBe(2);
});

test('under a withdrawn consent no session begins, while those that began go on', async () => {
  const { app, viewer } = await openPlace();
  const consent = aConsent();
  await say(app, viewer, RECORD, consent);
  const session = aStart({ consentId: consent.id });
  await say(app, viewer, START, session);

  const first = await say(app, viewer, WITHDRAW, { id: consent.id });
  const second = await say(app, viewer, WITHDRAW, { id: consent.id });

  expect(first.withdrawnAt).toEqual(expect.any(Date));
  expect(second.withdrawnAt).toEqual(first.withdrawnAt);
  expect(await start(app, viewer, consent.id)).toEqual({
    __typename: 'ConsentMissing',
    code: 'CONSENT_MISSING',
    withdrawnAt: first.withdrawnAt,
  });
  expect(await say(app, viewer, START, session)).toMatchObject({ __typename: 'SessionStarted' });
  expect(await say(app, viewer, RECORD, consent)).toMatchObject({
    __typename: 'Consent',
    withdrawnAt: first.withdrawnAt,
  });
});

test('a consent is withdrawn by its participant or an administrator of the project, by nobody else', async () => {
  const { app, viewer, other } = await openPlace();
  const { projectId: project } = viewer;
  const nobody = await makeViewer(app, { project, participant: null, scopes: ['CAPTURE'] });
  const stranger = await makeViewer(app, { scopes: ['ADMIN', 'CAPTURE'] });
  const admin = await makeViewer(app, { project, participant: null, scopes: ['ADMIN'] });
  const consent = aConsent();
  await say(app, viewer, RECORD, consent);

  for (const who of [other, nobody, stranger])
    expect(await say(app, who, WITHDRAW, { id: consent.id })).toMatchObject({
      code: 'CONSENT_NOT_FOUND',
    });
  expect(await app.db.consent.count({ where: { withdrawnAt: null } })).toBe(1);
  expect(await say(app, admin, WITHDRAW, { id: consent.id })).toMatchObject({
    withdrawnAt: expect.any(Date),
  });
});
