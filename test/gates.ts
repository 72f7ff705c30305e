import { onTestFinished } from 'vitest';
import type { Stage } from '../src/generated/prisma/enums.ts';
import type { App } from '../src/platform/app.ts';
import { stages } from '../src/processing/stage.ts';

const gateNumber = 9_000; // any number that nothing else locks

/** Keeps every stage from being done until its gate is opened, so that a kill hits its middle. */
export async function closeGates(app: App): Promise<{ open(stage: Stage): Promise<void> }> {
  const place = `${gateNumber} + array_position('{${stages.join(',')}}', NEW."stage"::text)`;
  await app.sql.query(`
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock_shared(${place}); RETURN NEW;
    END $$`);
  await app.sql.query(`
    CREATE TRIGGER gate BEFORE UPDATE ON "ProcessingStep"
    FOR EACH ROW WHEN (NEW."state" = 'DONE') EXECUTE FUNCTION wait_at_gate()`);
  const holder = await app.sql.connect();
  const at = (stage: Stage) => gateNumber + stages.indexOf(stage) + 1;
  for (const stage of stages) await holder.query('SELECT pg_advisory_lock($1)', [at(stage)]);
  onTestFinished(() => holder.release(true));
  return {
    async open(stage) {
      await holder.query('SELECT pg_advisory_unlock($1)', [at(stage)]);
    },
  };
}
