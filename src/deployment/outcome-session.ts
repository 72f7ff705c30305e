import { zstdCompressSync } from 'node:zlib';
import packageJson from '../../package.json' with { type: 'json' };
import type { InteractionRecord, Selector, Target } from '../contract/interaction.ts';
import { sealExample } from '../datasets/build-examples.ts';
import type { Example, Operation } from '../datasets/example.ts';
import type { Prediction } from '../generated/prisma/client.ts';
import type { Viewer } from '../graphql/context.ts';
import { newId } from '../lib/ids.ts';
import { siteOf } from '../lib/site.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import { macOf, seal } from '../platform/keys.ts';
import { requireConsent } from '../privacy/consents.ts';
import { redactWords } from '../privacy/redact.ts';
import type { StoredDetail } from '../sessions/details.ts';
import { chunkContext } from '../sessions/writer.ts';

/** Under what an outcome may be used as data. */
export type Terms = { consentId: string | null; licence: string | null };

const typeOf: Record<Operation, InteractionRecord['type']> = {
  click: 'CLICK',
  double_click: 'DOUBLE_CLICK',
  right_click: 'CONTEXT_MENU',
  hover: 'HOVER',
  type: 'INPUT',
  select: 'SELECT',
  press: 'KEY_PRESS',
};
const described = /^([a-z]+)(?: \d+)?(?: ("(?:[^"\\]|\\.)*"))?/;

/**
 * Keeps an outcome as a session of one step, sealed with a key of its own: what is done with sessions can be
 * done with it. Datasets take it where they are told to, under its consent and licence; it can be labelled,
 * and erased; and its line goes through every proof.
 *
 * @throws {ConsentMissingError} the consent that is named does not hold
 */
export async function keepAsSession(
  app: Pick<App, 'keys' | 'pubsub'>,
  tx: Tx,
  { projectId, participantId }: Pick<Viewer, 'projectId' | 'participantId'>,
  {
    prediction,
    example,
    isCorrected,
    consentId,
    licence,
  }: { prediction: Prediction; example: Example; isCorrected: boolean } & Terms,
): Promise<string> {
  if (consentId) await requireConsent(tx, { projectId, participantId }, consentId);
  const id = newId();
  const { generation, wrapped } = app.keys.create(id);
  const key = app.keys.open(id, { generation, wrapped });
  const at = prediction.createdAt;
  const { operation } = example.answer;
  const site = siteOf(example.url);
  await tx.session.create({
    data: {
      id,
      projectId,
      participantId,
      consentId,
      kind: 'AUTOMATED',
      source: 'OUTCOME',
      state: 'READY',
      task: example.task,
      site,
      startUrl: example.url,
      startedAt: at,
      endedAt: at,
      lastSequence: 1,
      client: {
        name: 'codesight-outcome',
        version: packageJson.version,
        predictionId: prediction.id,
        deploymentId: prediction.deploymentId,
        isCorrected,
      },
      key: { create: { generation, wrapped: new Uint8Array(wrapped) } },
      events: {
        create: { id: newId(), state: 'READY', version: 1, reason: 'It came back as an outcome.' },
      },
      label: {
        create: { projectId, labels: ['outcome'], licence: redactWords(licence) },
      },
    },
    select: { id: true },
  });
  const [chunkId, exampleId] = [newId(), newId()];
  const detail = detailOf(example);
  const json = JSON.stringify([detail]);
  const sealed = new Uint8Array(seal(key, zstdCompressSync(json), chunkContext(chunkId)));
  await tx.interactionChunk.create({ data: { id: chunkId, projectId, sessionId: id, sealed } });
  await tx.interaction.create({
    data: {
      id: newId(),
      projectId,
      sessionId: id,
      sequence: 1,
      type: typeOf[operation],
      occurredAt: at,
      sessionTimeMs: 0,
      url: example.url,
      site,
      pageTitle: example.title || null,
      targetRole: detail.target?.role ?? null,
      targetName: detail.target?.name ?? null,
      confidence: 1,
      bodyMac: new Uint8Array(macOf(key, json)),
      chunkId,
      chunkIndex: 0,
    },
  });
  await tx.example.create({
    data: {
      id: exampleId,
      projectId,
      sessionId: id,
      sequence: 1,
      operation,
      candidateCount: example.candidates.length,
      sealed: sealExample(key, exampleId, example),
    },
  });
  await app.pubsub.notify(tx, { topic: 'session', projectId, subjectId: id, sessionId: id });
  return id;
}

/** What is known of the element that was acted on: its line says role and name. */
function detailOf({ candidates, answer, url, title }: Example): StoredDetail {
  const { text = '' } = candidates.find(({ ref }) => ref === answer.ref) ?? {};
  const [, role = 'generic', quoted] = described.exec(text) ?? [];
  const name = quoted ? (JSON.parse(quoted) as string) : null;
  const target: Target = { tag: '', role, name, isVisible: true };
  const selectors: Selector[] = name
    ? [{ strategy: 'ROLE_NAME', value: `${role}[name=${JSON.stringify(name)}]` }]
    : [];
  const { operation, value } = answer;
  return {
    frame: [],
    target,
    selectors,
    value: operation === 'press' ? null : value,
    key: operation === 'press' ? value : null,
    before: { url, title },
  };
}
