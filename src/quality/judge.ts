import type { DropReason } from '../contract/vocabulary.ts';
import type { Session } from '../generated/prisma/client.ts';
import { newId } from '../lib/ids.ts';
import type { Page } from '../lib/page/element.ts';
import { resolveSelector } from '../lib/page/selector.ts';
import type { App } from '../platform/app.ts';
import type { Tx } from '../platform/db.ts';
import type { JobRun } from '../platform/queue.ts';
import { type Report, runStage } from '../processing/stage.ts';
import { applyChange, lockSession } from '../sessions/change.ts';
import type { SessionIds } from '../sessions/events.ts';
import { openPages } from '../sessions/pages.ts';
import { type Step, streamSteps } from '../sessions/steps.ts';
import { sessionScored } from './events.ts';
import type { Evidence, InteractionEvidence, SelectorEvidence } from './evidence.ts';
import { qualityRules, scoreSession } from './score.ts';

const heldBack = 'The participant holds it back: releaseSession lets it go on.';

/**
 * Judges a session by what is stored of it, and lets it go on if it is good enough by the project's
 * thresholds and not held back.
 */
export async function judgeSession(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await runStage(app, ids, job, 'SCORE', async (session, report) => {
    const evidence = await gatherEvidence(app, session, report, job.signal);
    const { issues, ...scores } = scoreSession(evidence);
    const project = await app.db.project.findUniqueOrThrow({ where: { id: ids.projectId } });
    return async (tx, locked) => {
      await tx.qualityReport.deleteMany({ where: { sessionId: ids.sessionId } });
      await tx.qualityReport.create({
        data: {
          id: newId(),
          ...ids,
          ...scores,
          rules: qualityRules,
          issues: { create: issues.map((issue) => ({ id: newId(), ...issue })) },
        },
        select: { id: true },
      });
      const outcome = await goOn(app, tx, locked, scores.score, project);
      return `score ${scores.score.toFixed(2)}, ${issues.length === 1 ? '1 issue' : `${issues.length} issues`}; ${outcome}`;
    };
  });
}

/** A held session was released: it goes on from where its score left it. */
export async function continueReleased(app: App, ids: SessionIds, job: JobRun): Promise<void> {
  await app.db.$transaction(async (tx) => {
    const session = await lockSession(tx, ids.sessionId);
    const scored = await tx.qualityReport.findUnique({
      where: { sessionId: ids.sessionId },
      select: { score: true },
    });
    // Where the stage SCORE did not stop, it found the session released, or will: it goes on itself.
    const stops = await tx.sessionEvent.count({
      where: { sessionId: ids.sessionId, reason: heldBack },
    });
    if (session?.state === 'PROCESSING' && scored && stops > 0) {
      const project = await tx.project.findUniqueOrThrow({ where: { id: ids.projectId } });
      await goOn(app, tx, session, scored.score, project);
    }
    await job.finish(tx);
  });
}

type Thresholds = { rejectBelow: number; reviewBelow: number };

async function goOn(
  app: App,
  tx: Tx,
  session: Session,
  score: number,
  { rejectBelow, reviewBelow }: Thresholds,
): Promise<string> {
  const words = `The score is ${score.toFixed(2)}`;
  if (score < rejectBelow) {
    await applyChange(app, tx, session, {
      state: 'REJECTED',
      reason: `${words}, below ${rejectBelow}. Its quality issues say what to do better.`,
    });
    return 'rejected';
  }
  if (session.hold) {
    await applyChange(app, tx, session, { reason: heldBack });
    return 'held back by the participant';
  }
  if (score < reviewBelow) {
    await applyChange(app, tx, session, {
      state: 'NEEDS_REVIEW',
      reason: `${words}, below ${reviewBelow}: a person must look.`,
    });
    return 'waits for review';
  }
  await app.queue.emit(tx, sessionScored, { projectId: session.projectId, sessionId: session.id });
  return 'good enough for training';
}

async function gatherEvidence(
  app: App,
  session: Session,
  report: Report,
  signal: AbortSignal,
): Promise<Evidence> {
  const ids = { projectId: session.projectId, sessionId: session.id };
  const count = await app.db.interaction.count({ where: { ...ids, dropped: null } });
  const pageOf = await openPages(app, session.id);
  const shots = await app.db.screenshot.findMany({
    where: { sessionId: session.id },
    select: {
      id: true,
      trigger: true,
      interactionSequence: true,
      contentScore: true,
      frameAgeMs: true,
      upload: true,
    },
  });
  const taken = (trigger: string) =>
    new Map(
      shots
        .filter((shot) => shot.trigger === trigger)
        .map((shot) => [shot.interactionSequence, shot]),
    );
  const [before, after] = [taken('BEFORE_ACTION'), taken('AFTER_ACTION')];
  const byId = new Map(shots.map((shot) => [shot.id, shot]));
  const interactions: InteractionEvidence[] = [];
  for await (const step of streamSteps(app, ids)) {
    signal.throwIfAborted();
    const page = await pageOf(step.before?.snapshotId);
    const frame = byId.get(step.before?.screenshotId ?? '') ?? before.get(step.sequence);
    interactions.push({
      sequence: step.sequence,
      type: step.type,
      selectors: (step.selectors ?? []).map((selector) => tried(selector, page, step.target?.ref)),
      confidence: step.confidence,
      snapshotId: page ? (step.before?.snapshotId ?? null) : null,
      targetResolves: page ? page.byRef.has(step.target?.ref ?? '') : null,
      beforeScreenshotId: frame?.id ?? null,
      afterScreenshotId:
        byId.get(step.after?.screenshotId ?? '')?.id ?? after.get(step.sequence)?.id ?? null,
      frameAgeMs: step.before?.frameAgeMs ?? frame?.frameAgeMs ?? null,
    });
    const { length } = interactions;
    await report(length / (count + 1), `${length} of ${count} steps`);
  }
  const tombstones = await app.db.interaction.findMany({
    where: { ...ids, dropped: { not: null } },
    orderBy: { sequence: 'asc' },
    select: { sequence: true, dropped: true },
  });
  const uploads = await countUploads(app, session);
  return {
    session: {
      durationMs: session.endedAt ? session.endedAt.getTime() - session.startedAt.getTime() : null,
      endedProperly: session.endedAt !== null,
      expectedInteractions: session.lastSequence,
    },
    tombstones: tombstones.map(({ sequence, dropped }) => ({
      sequence,
      reason: dropped as DropReason,
    })),
    interactions,
    uploads,
    screenshots: shots
      .filter(({ upload }) => upload === 'STORED')
      .map(({ id, contentScore }) => ({ id, contentScore })),
  };
}

type RecordedSelector = NonNullable<Step['selectors']>[number];

/** What a selector finds in the page before the action. */
function tried(
  { strategy, value, matchCount }: RecordedSelector,
  page: Page | null,
  ref: string | null | undefined,
): SelectorEvidence {
  const found = page ? resolveSelector(page, { strategy, value }) : null;
  const count = matchCount ?? null;
  if (!found || !ref) return { strategy, matchCount: count, finds: null };
  if (found.length === 0) return { strategy, matchCount: count, finds: 'NONE' };
  if (found.length > 1) return { strategy, matchCount: count, finds: 'SEVERAL' };
  return { strategy, matchCount: count, finds: found[0]?.ref === ref ? 'TARGET' : 'OTHER' };
}

async function countUploads(app: App, session: Session): Promise<Evidence['uploads']> {
  const query = {
    by: ['upload' as const],
    where: { sessionId: session.id },
    _count: true as const,
  };
  const rows = [
    ...(await app.db.screenshot.groupBy(query)),
    ...(await app.db.pageSnapshot.groupBy(query)),
  ];
  const count = (upload: string) =>
    rows.filter((row) => row.upload === upload).reduce((sum, row) => sum + row._count, 0);
  const neverAnnounced = Array.isArray(session.dropped) ? session.dropped.length : 0;
  return {
    stored: count('STORED'),
    dropped: count('DROPPED') + neverAnnounced,
    damaged: count('DAMAGED'),
    missing: count('PENDING'),
  };
}
