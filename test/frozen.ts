import { insertDataset } from '../src/datasets/datasets.ts';
import type { Example } from '../src/datasets/example.ts';
import { sealHead, sealPart } from '../src/datasets/frozen.ts';
import type { SessionHead, SessionStep } from '../src/datasets/session-steps.ts';
import type { Split } from '../src/generated/prisma/enums.ts';
import { newId } from '../src/lib/ids.ts';
import { seededRandom } from '../src/lib/page/random.ts';
import type { App } from '../src/platform/app.ts';

const stepsPerPart = 64;
const sessionsAtOnce = 20;
const startedAt = '2026-01-02T03:04:05.000Z';

/** Sees every step that was made, as JSON. */
export type OnStep = (sessionId: string, sequence: number, json: string) => void;

/**
 * A frozen dataset of generated sessions, written past the pipeline: every step is an example of a small
 * page. Answers with its id.
 *
 * @param sessions how many, `steps` interactions each
 * @param answerAt place of every answer among its candidates; random when absent
 * @param settle called after every few sessions, before more are made
 */
export async function makeFrozen(
  app: App,
  projectId: string,
  {
    sessions,
    steps,
    onStep,
    settle,
    answerAt,
  }: {
    sessions: number;
    steps: number;
    onStep?: OnStep;
    settle?: () => Promise<void>;
    answerAt?: number;
  },
): Promise<string> {
  const datasetId = newId();
  await app.db.$transaction((tx) =>
    insertDataset(app, tx, {
      id: datasetId,
      projectId,
      name: datasetId,
      version: 1,
      state: 'FREEZING',
      filter: {},
      splitting: {},
    }),
  );
  const random = seededRandom('frozen');
  for (let from = 0; from < sessions; from += sessionsAtOnce) {
    const count = Math.min(sessionsAtOnce, sessions - from);
    await insertSessions(app, projectId, datasetId, count, steps, random, onStep, answerAt);
    await settle?.();
  }
  await app.db.dataset.update({
    where: { id: datasetId },
    data: { state: 'FROZEN', manifest: {}, sessions, frozenAt: new Date() },
  });
  return datasetId;
}

async function insertSessions(
  app: App,
  projectId: string,
  datasetId: string,
  count: number,
  steps: number,
  random: () => number,
  onStep?: OnStep,
  answerAt?: number,
): Promise<void> {
  const made = Array.from({ length: count }, (_, at) => {
    const [sessionId, frozenId] = [newId(), newId()];
    const split: Split = at % 10 === 8 ? 'VALIDATION' : at % 10 === 9 ? 'TEST' : 'TRAIN';
    const wrapped = app.keys.create(sessionId);
    const key = app.keys.open(sessionId, wrapped);
    const head: SessionHead = {
      sessionId,
      kind: 'AUTOMATED',
      task: 'Buy a green shirt',
      site: 'shop.example',
      startUrl: 'https://shop.example/',
      startedAt,
      endedAt: null,
    };
    const parts = Array.from({ length: Math.ceil(steps / stepsPerPart) }, (_step, part) => {
      const first = part * stepsPerPart;
      const inside = Array.from({ length: Math.min(stepsPerPart, steps - first) }, (_s, n) => {
        const json = JSON.stringify(aStep(first + n + 1, random, answerAt));
        onStep?.(sessionId, first + n + 1, json);
        return json;
      });
      const sealed = sealPart(key, { frozenId, part, steps: inside });
      return { frozenId, part, sessionId, firstSequence: first + 1, sealed };
    });
    return { sessionId, frozenId, split, wrapped, sealed: sealHead(key, frozenId, head), parts };
  });
  const sha256 = new Uint8Array(32);
  const sites = ['shop.example'];
  const columns = { projectId, sha256, interactions: steps, examples: steps, sites };
  const parts = made.flatMap((one) => one.parts);
  // Not by Prisma, which writes bytes as text of its own: of a million steps that takes minutes.
  await app.sql.query(
    `INSERT INTO "FrozenPart" ("frozenId", "part", "sessionId", "firstSequence", "sealed")
     SELECT * FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::int[], $5::bytea[])`,
    [
      parts.map(({ frozenId }) => frozenId),
      parts.map(({ part }) => part),
      parts.map(({ sessionId }) => sessionId),
      parts.map(({ firstSequence }) => firstSequence),
      parts.map(({ sealed }) => Buffer.from(sealed)),
    ],
  );
  await app.db.$transaction([
    app.db.session.createMany({
      data: made.map(({ sessionId }) => ({
        id: sessionId,
        projectId,
        kind: 'AUTOMATED',
        state: 'READY',
        site: 'shop.example',
        startUrl: 'https://shop.example/',
        startedAt,
        client: {},
      })),
    }),
    app.db.sessionKey.createMany({
      data: made.map(({ sessionId, wrapped: { generation, wrapped } }) => ({
        sessionId,
        generation,
        wrapped: new Uint8Array(wrapped),
      })),
    }),
    app.db.frozenSession.createMany({
      data: made.map(({ sessionId, frozenId, sealed, parts }) => ({
        ...columns,
        id: frozenId,
        sessionId,
        sealed,
        parts: parts.length,
        images: 0,
        leftOut: 0,
      })),
    }),
    app.db.datasetMember.createMany({
      data: made.map(({ sessionId, frozenId, split }) => ({
        ...columns,
        datasetId,
        sessionId,
        frozenId,
        split,
        site: 'shop.example',
      })),
    }),
  ]);
}

function aStep(sequence: number, random: () => number, answerAt?: number): SessionStep {
  const pick = (count: number) => Math.floor(random() * count);
  const candidates = Array.from({ length: 12 }, (_, at) => ({
    ref: `e${at + 1}`,
    text: `button "Add shirt ${pick(10_000)} to the cart"`,
    within: `listitem "Shirt ${pick(10_000)}"`,
  }));
  const chosen = candidates[answerAt ?? pick(candidates.length)] as (typeof candidates)[number];
  const example: Example = {
    task: 'Buy a green shirt',
    history: Array.from({ length: 5 }, (_, at) => `click link "Page ${at} of ${pick(100)}"`),
    historyLeftOut: Math.max(0, sequence - 6),
    url: `https://shop.example/shirts?page=${sequence}`,
    title: 'Shirts',
    outline: candidates.map(({ ref, text }) => `  [${ref}] ${text}`).join('\n'),
    candidates,
    answer: { ref: chosen.ref, operation: 'click', value: null },
  };
  return {
    interactionId: newId(),
    sequence,
    type: 'CLICK',
    url: example.url,
    site: 'shop.example',
    pageTitle: 'Shirts',
    sessionTimeMs: sequence * 1_000,
    occurredAt: startedAt,
    confidence: 1,
    selectors: [
      { strategy: 'ROLE_NAME', value: `${chosen.text.replace(' ', '[name=')}]`, matchCount: 1 },
    ],
    target: { tag: 'button', role: 'button', name: chosen.text.slice(8, -1), isVisible: true },
    example,
    picture: null,
  };
}
