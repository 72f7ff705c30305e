import { createHash } from 'node:crypto';
import { shopSessions, testHosts } from '../examples/shops/sessions.ts';
import type { Source } from '../src/client/source.ts';
import type { InteractionRecord } from '../src/contract/interaction.ts';
import { buildExample, type Example } from '../src/datasets/example.ts';
import { sealHead, sealPart } from '../src/datasets/frozen.ts';
import { readDataset } from '../src/datasets/read.ts';
import type { SessionHead, SessionStep } from '../src/datasets/session-steps.ts';
import type { Split } from '../src/generated/prisma/enums.ts';
import { newId } from '../src/lib/ids.ts';
import { parsePage } from '../src/lib/page/parse.ts';
import type { App } from '../src/platform/app.ts';
import { type DataKey, seal } from '../src/platform/keys.ts';
import { screenshotContext } from '../src/sessions/objects.ts';
import { newOwnKey, openOwnKey } from '../src/training/job-key.ts';
import { modelBytes } from '../src/training/ranker/bytes.ts';
import { trainRanker } from '../src/training/ranker/train.ts';

/**
 * A frozen dataset of generated sessions, written as freezing writes it but without their recording and
 * processing, which would take a minute. Splits are by site.
 */
export async function makeSuite(
  app: App,
  projectId: string,
  {
    perShop = 1,
    train = ['fellside.example', 'copperpot.example'],
    validation = [],
    test = testHosts.slice(0, 1),
    leaks = { passed: true },
    pictures = false,
    name = 'suite',
  }: {
    perShop?: number;
    train?: readonly string[];
    validation?: readonly string[];
    test?: readonly string[];
    leaks?: { passed: boolean };
    /** Whether steps have the picture from before them. */
    pictures?: boolean;
    name?: string;
  } = {},
): Promise<string> {
  const datasetId = newId();
  await app.db.dataset.create({
    data: {
      id: datasetId,
      projectId,
      name: `${name} ${datasetId}`,
      version: 1,
      filter: {},
      splitting: {},
    },
  });
  const splits: [Split, readonly string[]][] = [
    ['TRAIN', train],
    ['VALIDATION', validation],
    ['TEST', test],
  ];
  for (const [split, hosts] of splits)
    for (const source of shopSessions({ perShop, hosts }))
      await addMember(app, { projectId, datasetId, split, pictures }, source);
  await app.db.dataset.update({
    where: { id: datasetId },
    data: { state: 'FROZEN', frozenAt: new Date(), manifest: { leaks, splitBy: 'SITE' } },
  });
  return datasetId;
}

async function addMember(
  app: App,
  {
    projectId,
    datasetId,
    split,
    pictures,
  }: { projectId: string; datasetId: string; split: Split; pictures: boolean },
  source: Source,
): Promise<void> {
  const sessionId = newId();
  const { task = null, startUrl, startedAt, endedAt, kind } = source.head;
  const site = new URL(startUrl).host;
  const wrapped = app.keys.create(sessionId);
  await app.db.session.create({
    data: {
      id: sessionId,
      projectId,
      kind,
      state: 'READY',
      task,
      site,
      startUrl,
      startedAt: new Date(startedAt),
      endedAt: new Date(endedAt),
      client: {},
      key: {
        create: { generation: wrapped.generation, wrapped: new Uint8Array(wrapped.wrapped) },
      },
    },
  });
  const key = app.keys.open(sessionId, wrapped);
  const steps = await stepsOf(source, site);
  if (pictures) await addPictures(app, { projectId, sessionId, key }, source, steps);
  const frozenId = newId();
  const head: SessionHead = {
    sessionId,
    kind,
    task: task ?? null,
    site,
    startUrl,
    startedAt,
    endedAt,
  };
  const examples = steps.filter(({ example }) => example).length;
  const sha256 = new Uint8Array(createHash('sha256').update(frozenId).digest());
  await app.db.frozenSession.create({
    data: {
      id: frozenId,
      projectId,
      sessionId,
      sha256,
      sealed: sealHead(key, frozenId, head),
      parts: 1,
      interactions: steps.length,
      examples,
      images: steps.filter(({ example, picture }) => example && picture).length,
      leftOut: 0,
      sites: [site],
    },
  });
  const texts = steps.map((step) => JSON.stringify(step));
  const sealed = sealPart(key, { frozenId, part: 0, steps: texts });
  await app.db.frozenPart.create({
    data: { frozenId, part: 0, sessionId, firstSequence: 1, sealed },
  });
  await app.db.datasetMember.create({
    data: {
      datasetId,
      sessionId,
      projectId,
      frozenId,
      site,
      sites: [site],
      split,
      interactions: steps.length,
      examples,
      sha256,
    },
  });
}

/** Stores the picture before each step, as it is kept after it was redacted and compressed. */
async function addPictures(
  app: App,
  { projectId, sessionId, key }: { projectId: string; sessionId: string; key: DataKey },
  source: Source,
  steps: SessionStep[],
): Promise<void> {
  for await (const record of source.screenshots()) {
    const step = steps.find(({ sequence }) => sequence === record.interactionSequence);
    if (!step?.example || record.trigger !== 'BEFORE_ACTION') continue;
    const bytes = Buffer.from(await source.bytesOf(record));
    const id = newId();
    const objectKey = `${projectId}/${sessionId}/${id}`;
    await app.storage.put(objectKey, seal(key, bytes, screenshotContext(id)));
    const hash = createHash('sha256').update(bytes);
    const { url, width, height, devicePixelRatio, scrollX, scrollY, mimeType } = record;
    await app.db.screenshot.create({
      data: {
        id,
        projectId,
        sessionId,
        objectKey,
        ...{ url, width, height, devicePixelRatio, scrollX, scrollY, mimeType },
        trigger: record.trigger,
        capturedAt: new Date(record.capturedAt),
        originalBytes: bytes.length,
        sha256: new Uint8Array(hash.copy().digest()),
        masks: [],
        redactedAt: new Date(),
        upload: 'STORED',
      },
    });
    step.picture = { id, sha256: hash.digest('hex'), mimeType, width, height, devicePixelRatio };
  }
}

/** The steps of a source with their examples, as the pipeline would make them. */
async function stepsOf(source: Source, site: string): Promise<SessionStep[]> {
  const pages = new Map<string, string>();
  for await (const record of source.snapshots())
    pages.set(record.id, String(await source.bytesOf(record)));
  const records: InteractionRecord[] = [];
  for await (const item of source.interactions()) if ('id' in item) records.push(item);
  return records.map((record, at) => {
    const html = pages.get(record.before?.snapshotId ?? '');
    const made = buildExample({
      task: source.head.task ?? null,
      history: records.slice(0, at),
      page: html ? parsePage(html) : null,
      targetRef: record.target?.ref ?? null,
      interaction: record,
      seed: `${source.head.id}/${record.sequence}`,
    });
    const { id, ...step } = record;
    return {
      ...step,
      interactionId: id,
      site,
      example: 'skipped' in made ? null : made,
      picture: null,
    };
  });
}

/** A LOCAL model, trained here and now on the training split of a suite. */
export async function makeLocalModel(
  app: App,
  projectId: string,
  datasetId: string,
  { name = 'local', epochs = 4 }: { name?: string; epochs?: number } = {},
): Promise<string> {
  const examples: Example[] = [];
  for await (const { example } of readDataset(app, { projectId, datasetId, split: 'TRAIN' }))
    examples.push(example);
  const weights = trainRanker(examples, { seed: 'test', epochs, learningRate: 0.1, l2: 0.0005 });
  const id = newId();
  const own = newOwnKey(app, id);
  const objectKey = `${projectId}/models/${id}`;
  const key = openOwnKey(app, { id, ...own });
  await app.storage.put(objectKey, seal(key, modelBytes(weights), objectKey));
  await app.db.model.create({
    data: { id, projectId, name, trainer: 'LOCAL', datasetId, objectKey, ...own },
  });
  return id;
}

/** A chat model at an OpenAI-compatible server that the app is configured for. */
export async function makeChatModel(
  app: App,
  projectId: string,
  { name = 'chat', providerModel = 'gpt-4.1-mini-2025-04-14' } = {},
): Promise<string> {
  const id = newId();
  await app.db.model.create({
    data: { id, projectId, name, trainer: 'OPENAI', providerModel, ...newOwnKey(app, id) },
  });
  return id;
}
