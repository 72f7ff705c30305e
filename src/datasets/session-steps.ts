import type { App } from '../platform/app.ts';
import type { DataKey } from '../platform/keys.ts';
import type { SessionIds } from '../sessions/events.ts';
import { type Step, streamSteps } from '../sessions/steps.ts';
import { openExample } from './build-examples.ts';
import type { Example } from './example.ts';

/** What exporters know of a session as a whole. */
export type SessionHead = {
  sessionId: string;
  kind: 'HUMAN' | 'AUTOMATED' | 'HYBRID';
  task: string | null;
  /** Site of the start page. */
  site: string;
  startUrl: string;
  /** ISO 8601, by the client's clock. */
  startedAt: string;
  endedAt: string | null;
};

/** The picture from before an action: redacted, compressed, and found again by its hash. */
export type Picture = {
  id: string;
  /** SHA-256 of the bytes in hexadecimal digits. */
  sha256: string;
  mimeType: string;
  /** Device pixels. */
  width: number;
  height: number;
  devicePixelRatio: number;
  /** How long before the action it was taken, in milliseconds; above 0. Absent in copies from before it was kept. */
  ageMs?: number;
};

/** An interaction of a session with the example that was made of it. */
export type SessionStep = Omit<Step, 'occurredAt' | 'id'> & {
  interactionId: string;
  /** ISO 8601, by the client's clock. */
  occurredAt: string;
  /** `null` for an interaction that gave none. */
  example: Example | null;
  /** `null` where there is none from strictly before the action. */
  picture: Picture | null;
};

const pageSize = 100;

/** Reads the interactions of a session with their examples, by sequence; holds a page of them. */
export async function* streamSession(
  app: Pick<App, 'db' | 'keys'>,
  ids: SessionIds,
  key: DataKey,
): AsyncGenerator<SessionStep> {
  let page: Step[] = [];
  for await (const step of streamSteps(app, ids)) {
    page.push(step);
    if (page.length < pageSize) continue;
    yield* withExamples(app, ids, key, page);
    page = [];
  }
  yield* withExamples(app, ids, key, page);
}

async function* withExamples(
  { db }: Pick<App, 'db'>,
  { sessionId }: SessionIds,
  key: DataKey,
  page: Step[],
): AsyncGenerator<SessionStep> {
  const rows = await db.example.findMany({
    where: { sessionId, sequence: { in: page.map(({ sequence }) => sequence) } },
    select: { id: true, sequence: true, sealed: true },
  });
  const shown = await db.screenshot.findMany({
    where: {
      id: { in: page.flatMap(({ before }) => before?.screenshotId ?? []) },
      sessionId,
      upload: 'STORED',
      redactedAt: { not: null },
      contentHash: { not: null },
    },
  });
  const examples = new Map(rows.map((row) => [row.sequence, row]));
  const pictures = new Map(shown.map((row) => [row.id, row]));
  for (const { id, occurredAt, ...step } of page) {
    const row = examples.get(step.sequence);
    const shot = pictures.get(step.before?.screenshotId ?? '');
    const isBefore = shot && shot.capturedAt < occurredAt;
    yield {
      ...step,
      interactionId: id,
      occurredAt: occurredAt.toISOString(),
      example: row ? openExample(key, row) : null,
      picture: isBefore
        ? {
            id: shot.id,
            sha256: Buffer.from(shot.contentHash ?? []).toString('hex'),
            mimeType: shot.mimeType,
            width: shot.width,
            height: shot.height,
            devicePixelRatio: shot.devicePixelRatio,
            ageMs: occurredAt.getTime() - shot.capturedAt.getTime(),
          }
        : null,
    };
  }
}
