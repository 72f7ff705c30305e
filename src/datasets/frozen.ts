import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { FrozenSession } from '../generated/prisma/client.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openSession } from '../sessions/session-keys.ts';
import { LeakCheck } from './leak.ts';
import { toChatLine } from './openai.ts';
import { ChatFileCheck } from './openai-rules.ts';
import { type SessionHead, type SessionStep, streamSession } from './session-steps.ts';

/** Steps of one sealed part: enough to compress well, few enough to hold. */
const stepsPerPart = 64;
const partChars = 1_000_000;

/**
 * Copies a session with its examples as they are now, sealed with the session's own key: erasing the
 * session makes every copy unreadable at once. The same content is kept once. Examples whose line tells
 * its answer or breaks the provider's rules are left out.
 *
 * @returns `null` when the session is not READY any more, was changed meanwhile or has no example that fits
 */
export async function freezeSession(
  app: Pick<App, 'db' | 'keys'>,
  ids: SessionIds,
): Promise<FrozenSession | null> {
  const { sessionId } = ids;
  const session = await app.db.session.findUnique({ where: { id: sessionId } });
  const access = await openSession(app, sessionId);
  if (session?.state !== 'READY' || session.projectId !== ids.projectId || !access) return null;
  const head: SessionHead = {
    sessionId,
    kind: session.kind,
    task: session.task,
    site: session.site,
    startUrl: session.startUrl,
    startedAt: session.startedAt.toISOString(),
    endedAt: session.endedAt?.toISOString() ?? null,
  };
  const taken = await takeSteps(app, ids, access.key, head);
  if (taken.examples === 0) return null;
  const { parts, id, ...columns } = taken;
  return app.db.$transaction(async (tx) => {
    const [now] = await tx.$queryRaw<{ version: number; state: string }[]>`
      SELECT "version", "state"::text AS "state" FROM "Session" WHERE "id" = ${sessionId}::uuid FOR SHARE`;
    if (now?.version !== session.version || now.state !== 'READY') return null;
    const where = { sessionId_sha256: { sessionId, sha256: columns.sha256 } };
    const known = await tx.frozenSession.findUnique({ where });
    if (known) return known;
    await tx.frozenPart.createMany({
      data: parts.map((one, part) => ({ frozenId: id, part, sessionId, ...one })),
    });
    return tx.frozenSession.create({
      data: { ...columns, ...ids, id, parts: parts.length, sealed: sealJson(access.key, id, head) },
    });
  });
}

/** Opens the head of a frozen session. */
export function openHead(
  key: DataKey,
  { id, sealed }: { id: string; sealed: Uint8Array },
): SessionHead {
  return openJson(key, id, sealed);
}

/** Opens the steps of one part. */
export function openPart(
  key: DataKey,
  { frozenId, part, sealed }: { frozenId: string; part: number; sealed: Uint8Array },
): SessionStep[] {
  return openJson(key, `${frozenId}/${part}`, sealed);
}

/**
 * Seals steps as one part; for what makes copies without a session, such as a benchmark.
 *
 * @param steps each as JSON
 */
export function sealPart(
  key: DataKey,
  { frozenId, part, steps }: { frozenId: string; part: number; steps: string[] },
): Uint8Array<ArrayBuffer> {
  return sealText(key, `${frozenId}/${part}`, `[${steps.join(',')}]`);
}

/** Seals a head; see {@link sealPart}. */
export function sealHead(key: DataKey, id: string, head: SessionHead): Uint8Array<ArrayBuffer> {
  return sealJson(key, id, head);
}

async function takeSteps(
  app: Pick<App, 'db' | 'keys'>,
  ids: SessionIds,
  key: DataKey,
  head: SessionHead,
) {
  const id = newId();
  const content = createHash('sha256').update(`${JSON.stringify(head)}\n`);
  const parts: { firstSequence: number; sealed: Uint8Array<ArrayBuffer> }[] = [];
  const sites = new Set<string>();
  const [leaks, rules] = [new LeakCheck(), new ChatFileCheck()];
  const counts = { interactions: 0, examples: 0, images: 0, leftOut: 0 };
  let steps: string[] = [];
  let chars = 0;
  let firstSequence = 0;
  const endPart = () => {
    const sealed = sealPart(key, { frozenId: id, part: parts.length, steps });
    parts.push({ firstSequence, sealed });
    steps = [];
    chars = 0;
  };
  for await (const step of streamSession(app, ids, key)) {
    counts.interactions++;
    if (step.example && isFaulty(leaks, rules, step)) {
      counts.leftOut++;
      step.example = null;
    }
    if (step.example) {
      counts.examples++;
      sites.add(step.site);
      if (step.picture) counts.images++;
    }
    const json = JSON.stringify(step);
    content.update(`${json}\n`);
    if (steps.length === 0) firstSequence = step.sequence;
    steps.push(json);
    chars += json.length;
    if (steps.length >= stepsPerPart || chars >= partChars) endPart();
  }
  if (steps.length > 0) endPart();
  const sha256 = new Uint8Array(content.digest());
  return { id, parts, sha256, sites: [...sites].sort(), ...counts };
}

/** Whether the line of an example has a fault of its own. */
function isFaulty(leaks: LeakCheck, rules: ChatFileCheck, step: SessionStep): boolean {
  if (!step.example) return false;
  const line = toChatLine(step.example);
  const told = leaks.add(line, step.selectors ?? []);
  const broken = rules.add(line).filter(({ severity }) => severity === 'ERROR');
  return told.length + broken.length > 0;
}

function sealJson(key: DataKey, name: string, value: unknown): Uint8Array<ArrayBuffer> {
  return sealText(key, name, JSON.stringify(value));
}

function sealText(key: DataKey, name: string, text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(seal(key, zstdCompressSync(text), `frozen/${name}`));
}

function openJson<T>(key: DataKey, name: string, sealed: Uint8Array): T {
  const json = zstdDecompressSync(unseal(key, sealed, `frozen/${name}`)).toString('utf8');
  return JSON.parse(json); // written by us from what had been parsed
}
