import type { TrainingJob } from '../generated/prisma/client.ts';
import { newId } from '../lib/ids.ts';
import type { App } from '../platform/app.ts';
import { OvertakenError } from './errors.ts';
import type { Turn } from './jobs.ts';

/** The right to work on a job: one run has it at a time, so that nothing is sent or started twice. */
export type Lease = { id: string; job: TrainingJob };

/** A run that says nothing for so long is dead. */
const leaseMs = 20_000;
const renewMs = 2_000;

/** @returns the lease; `BUSY` while another run has it; `OVER` when the job has gone on to another turn or ended */
export async function takeLease(
  { db }: Pick<App, 'db'>,
  { projectId, trainingJobId, turn }: Turn,
): Promise<Lease | 'BUSY' | 'OVER'> {
  const id = newId();
  const now = new Date();
  const where = {
    id: trainingJobId,
    projectId,
    turn: Number(turn),
    state: { notIn: ['SUCCEEDED', 'FAILED', 'CANCELLED'] as TrainingJob['state'][] },
  };
  const { count } = await db.trainingJob.updateMany({
    where: { ...where, OR: [{ leaseUntil: null }, { leaseUntil: { lt: now } }] },
    data: { leaseId: id, leaseUntil: new Date(now.getTime() + leaseMs) },
  });
  const job = await db.trainingJob.findFirst({ where });
  if (!job) return 'OVER';
  return count > 0 && job.leaseId === id ? { id, job } : 'BUSY';
}

/** Renews a lease while it is held. Its signal aborts when it is lost, or the job has another turn. */
export function holdLease(
  { db, log }: Pick<App, 'db' | 'log'>,
  { id: leaseId, job: { id, turn } }: Lease,
  outer: AbortSignal,
): { signal: AbortSignal; isOvertaken(): boolean; release(): Promise<void> } {
  const overtaken = new AbortController();
  const timer = setInterval(async () => {
    try {
      const leaseUntil = new Date(Date.now() + leaseMs);
      const { count } = await db.trainingJob.updateMany({
        where: { id, leaseId, turn },
        data: { leaseUntil },
      });
      if (count === 0) overtaken.abort(new OvertakenError(id));
    } catch (error) {
      log.warn({ err: error, trainingJobId: id }, 'a lease could not be renewed'); // it ends by itself
    }
  }, renewMs);
  return {
    signal: AbortSignal.any([outer, overtaken.signal]),
    isOvertaken: () => overtaken.signal.aborted,
    async release() {
      clearInterval(timer);
      await db.trainingJob.updateMany({
        where: { id, leaseId },
        data: { leaseId: null, leaseUntil: null },
      });
    },
  };
}
