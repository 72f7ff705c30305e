import { hash } from 'node:crypto';
import { ContractCheck, contractLimits } from '../../contract/contracts.ts';
import { type Report, reportLimits } from '../../contract/report.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import { parseInput } from '../../graphql/input.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import { redactText } from '../../lib/redact/text.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import { addShapes, type Shape } from '../../reporter/shapes.ts';
import { type ReportSender, takeReports } from '../intake/take.ts';
import type { Signal } from '../signals.ts';
import { stateSignals } from '../state-signals.ts';
import { type KnownContract, lockContracts, maxCount } from './known.ts';
import { compareShapes, type Sampled } from './shapes.ts';

/** What became of the checks that a client told of. */
export type CheckReceipt = {
  /** Checks that were counted now or before. */
  counted: number;
  /** Hashes that the project does not know: the client is of another version. */
  unknown: string[];
};

/**
 * Counts checks of contracts, once each, and compares the shape of answers with what it was. A violation
 * becomes a report like any other; a contract that is not known becomes one of VERSION_MISMATCH.
 *
 * @param clientId who checked, as it names itself; `null` when it does not
 * @throws {InvalidInputError}
 */
export async function reportContractChecks(
  app: App,
  sender: ReportSender,
  input: unknown[],
  clientId: string | null = null,
): Promise<CheckReceipt> {
  if (input.length === 0 || input.length > contractLimits.checksPerCall)
    throw new InvalidInputError(
      'input.checks',
      `Expected 1 to ${contractLimits.checksPerCall} checks, got ${input.length}.`,
    );
  const checks = input.map((each, index) =>
    parseInput(ContractCheck, each, `input.checks.${index}`),
  );
  const { unknown } = await app.db.$transaction((tx) =>
    countChecks(app, tx, { projectId: sender.projectId, clientId }, checks),
  );
  const reports = checks.flatMap((check) =>
    unknown.has(check.contractHash) ? [mismatchOf(check)] : violationsOf(check),
  );
  const tags = clientId ? { tags: { client: clientId } } : {};
  // As many as a call of reports may hold; one beyond would be refused.
  for (let from = 0; from < reports.length; from += reportLimits.reportsPerCall)
    await takeReports(app, sender, {
      reports: reports
        .slice(from, from + reportLimits.reportsPerCall)
        .map((report) => ({ ...report, ...tags })),
      clientReports: [],
      sentAt: null,
      receivedAt: new Date(),
    });
  return { counted: checks.length - unknown.size, unknown: [...unknown] };
}

async function countChecks(
  app: App,
  tx: Tx,
  { projectId, clientId }: { projectId: string; clientId: string | null },
  checks: ContractCheck[],
): Promise<{ unknown: Set<string> }> {
  const known = await lockContracts(
    tx,
    projectId,
    checks.map(({ contractHash }) => contractHash),
  );
  const byHash = new Map(known.map((contract) => [contract.hash, contract]));
  const unknown = new Set(
    checks.map(({ contractHash }) => contractHash).filter((each) => !byHash.has(each)),
  );
  const fresh = await tx.contractCheckReceipt.createManyAndReturn({
    data: checks
      .filter(({ contractHash }) => byHash.has(contractHash))
      .map(({ id }) => ({ projectId, id })),
    skipDuplicates: true,
    select: { id: true },
  });
  const ids = new Set(fresh.map(({ id }) => id));
  const told = checks.filter(({ id }) => ids.has(id));
  if (told.length === 0) return { unknown };

  const signals: Signal[] = [];
  const counts = new Map<string, number>();
  const sampled: Sampled[] = [];
  for (const { contractHash, checked, violations, samples } of told) {
    const contract = byHash.get(contractHash);
    if (!contract) continue;
    counts.set(contract.id, (counts.get(contract.id) ?? 0) + checked);
    signals.push({
      ...aboutOf(projectId, contract),
      clientId: clientId && redactText(clientId),
      kind: 'contract.checked',
      title: nameOf(contract),
      severity: 'INFO',
      detail: { operation: contract.operation, checked, violations: violations.length },
    });
    if (samples)
      sampled.push({
        contractId: contract.id,
        count: samples.count,
        shape: withoutData(samples.shape),
      });
  }
  for (const { contractId, kind, pointer, type } of await compareShapes(tx, sampled)) {
    const contract = known.find(({ id }) => id === contractId);
    if (!contract) continue;
    signals.push({
      ...aboutOf(projectId, contract),
      kind: 'contract.drifted',
      title:
        `${nameOf(contract)}: ${kind.toLowerCase().replaceAll('_', ' ')} at ${pointer || '/'}`.slice(
          0,
          200,
        ),
      severity: 'MEDIUM',
      detail: { operation: contract.operation, pointer, drift: kind, type },
    });
  }
  await tx.$executeRaw(countStatement([...counts]));
  await stateSignals(app, tx, signals);
  return { unknown };
}

/** Names of keys may be data, whatever the client took them for. */
function withoutData(shape: Shape): Shape {
  return Object.entries(shape).reduce<Shape>(
    (sum, [pointer, counts]) => addShapes(sum, { [redactText(pointer)]: counts }),
    {},
  );
}

function aboutOf(projectId: string, { id, service }: KnownContract) {
  const nothing = { correlationId: null, category: null };
  return { projectId, subjectId: id, source: service, ...nothing };
}

function nameOf({ service, operation }: KnownContract): string {
  return `${service} ${operation}`.slice(0, 150).toWellFormed();
}

function countStatement(counts: [string, number][]): Prisma.Sql {
  return Prisma.sql`
    WITH "told" AS (
      SELECT * FROM unnest(${counts.map(([id]) => id)}::uuid[], ${counts.map(([, count]) => count)}::int[]) AS n("id", "count")
    ), "raised" AS (
      UPDATE "Contract" c SET "checkCount" = c."checkCount" + t."count", "lastSeenAt" = now()
      FROM "told" t WHERE c."id" = t."id"
    )
    INSERT INTO "ContractHour" AS h ("contractId", "hour", "checks")
    SELECT t."id", date_trunc('hour', now()), t."count" FROM "told" t ORDER BY t."id"
    ON CONFLICT ("contractId", "hour") DO UPDATE SET
      "checks" = least(h."checks"::bigint + EXCLUDED."checks", ${maxCount})::int`;
}

function violationsOf({ id, contractHash, violations }: ContractCheck): Partial<Report>[] {
  return violations.map(({ occurredAt, kind, deviations, isLate, correlationId }, index) => ({
    id: idFrom(`${id} ${index}`),
    occurredAt,
    platform: 'NETWORK',
    category: 'CONTRACT_VIOLATION',
    message: `The contract was broken: ${kind.toLowerCase().replaceAll('_', ' ')}.`,
    correlationId,
    contract: {
      hash: contractHash,
      violation: kind,
      pointer: deviations[0]?.pointer,
      deviations,
      isLate,
    },
  }));
}

/** A report of a contract that nobody registered; the same id makes the same one. */
export function mismatchOf({
  id,
  contractHash,
}: Pick<ContractCheck, 'id' | 'contractHash'>): Partial<Report> {
  return {
    id: idFrom(`${id} unknown`),
    occurredAt: new Date().toISOString(),
    platform: 'NETWORK',
    category: 'VERSION_MISMATCH',
    message: 'A client goes by a contract that was never registered.',
    contract: { hash: contractHash },
  };
}

/** The same text gives the same UUID (RFC 9562, version 8), so that a repeat makes the same report. */
function idFrom(text: string): string {
  const hex = hash('sha256', text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
