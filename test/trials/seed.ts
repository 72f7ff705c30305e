import { randomUUID } from 'node:crypto';

/** Decides everything that is random in a trial. Printed, so that a trial that failed can be repeated. */
export const seed = process.env.TRIAL_SEED ?? randomUUID().slice(0, 8);

process.stdout.write(`TRIAL_SEED=${seed}\n`);
