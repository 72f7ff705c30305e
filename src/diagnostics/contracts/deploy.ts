import { type Change, ChangeType, CriticalityLevel, diff } from '@graphql-inspector/core';
import type { GraphQLSchema } from 'graphql';
import * as z from 'zod';
import { contractLimits } from '../../contract/contracts.ts';
import { text } from '../../contract/text.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import { parseInput } from '../../graphql/input.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';
import type { Tx } from '../../platform/db.ts';
import type { Signal } from '../signals.ts';
import { stateSignals } from '../state-signals.ts';
import { type KnownSchema, readSchema } from './describe.ts';

const Deployment = z.object({
  service: text(200).min(1),
  sdl: text(contractLimits.sdlChars).min(1),
  release: text(200).nullish(),
});

/** How a schema differs from the one before. */
export const SchemaChanges = z.array(
  z.object({
    criticality: z.enum(['BREAKING', 'DANGEROUS', 'SAFE']),
    /** Schema coordinate. */
    coordinate: z.string(),
    message: z.string(),
    /** Operations that use what changed, of those seen in the last 30 days. */
    usedBy: z.array(z.string()),
  }),
);
export type SchemaChange = z.output<typeof SchemaChanges>[number];

const criticalities = {
  [CriticalityLevel.Breaking]: 'BREAKING',
  [CriticalityLevel.Dangerous]: 'DANGEROUS',
  [CriticalityLevel.NonBreaking]: 'SAFE',
} as const;
const order = ['BREAKING', 'DANGEROUS', 'SAFE'];
const maxChanges = 500;
const usedWithinDays = 30;

/**
 * Keeps the schema that a service runs from now on, with what differs from the one before and which known
 * operations that breaks. The same schema again is only deployed again.
 *
 * @returns id of the version
 * @throws {InvalidInputError}
 */
export async function deploySchema(
  app: Pick<App, 'db' | 'pubsub' | 'queue'>,
  projectId: string,
  input: unknown,
): Promise<string> {
  const { service, sdl, release } = parseInput(Deployment, input, 'input');
  const known = readSchema(sdl, 'input.sdl');
  const where = { projectId_service_hash: { projectId, service, hash: known.hash } };
  return await app.db.$transaction(async (tx) => {
    // One deployment of a service after the other: each is compared with the one before it.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`schema ${projectId} ${service}`}, 0))`;
    const latest = await latestSchema(tx, projectId, service);
    const deployed = { deployedAt: new Date(), ...(release ? { release } : {}) };
    if (latest?.hash === known.hash)
      return (await tx.schemaVersion.update({ where, data: deployed, select: { id: true } })).id;
    const changes = latest
      ? await changesBetween(tx, { projectId, service }, latest.schema, known.schema)
      : [];
    const breakingUsed = changes.filter(
      ({ criticality, usedBy }) => criticality === 'BREAKING' && usedBy.length > 0,
    ).length;
    const compared = { ...deployed, changes, breakingUsed };
    const { id } = await tx.schemaVersion.upsert({
      where,
      create: { id: newId(), projectId, service, hash: known.hash, sdl: known.sdl, ...compared },
      update: compared,
      select: { id: true },
    });
    if (breakingUsed > 0)
      await stateSignals(app, tx, [brokenBy(changes, { projectId, service, id, release })]);
    return id;
  });
}

/** That a deployment breaks operations which are used. */
function brokenBy(
  changes: SchemaChange[],
  {
    projectId,
    service,
    id,
    release = null,
  }: { projectId: string; service: string; id: string; release?: string | null | undefined },
): Signal {
  const breaking = changes.filter(({ criticality }) => criticality === 'BREAKING');
  const operations = [...new Set(breaking.flatMap(({ usedBy }) => usedBy))].sort();
  const count = operations.length === 1 ? 'an operation' : `${operations.length} operations`;
  return {
    ...{ projectId, kind: 'contract.broken', subjectId: id, source: service, correlationId: null },
    title: `${service}: a deployment breaks ${count} in use`.slice(0, 200).toWellFormed(),
    severity: 'HIGH',
    category: 'CONTRACT_VIOLATION',
    detail: {
      operations: operations.join(', ').slice(0, 500).toWellFormed(),
      changes: breaking.filter(({ usedBy }) => usedBy.length > 0).length,
      release,
    },
  };
}

/** The schema that the service runs, by what it told last; `null` when it never did. */
export async function latestSchema(
  tx: Pick<Tx, 'schemaVersion'>,
  projectId: string,
  service: string,
): Promise<KnownSchema | null> {
  const latest = await tx.schemaVersion.findFirst({
    where: { projectId, service },
    orderBy: [{ deployedAt: 'desc' }, { id: 'desc' }],
    select: { sdl: true },
  });
  return latest ? readSchema(latest.sdl, 'schema') : null;
}

async function changesBetween(
  tx: Pick<Tx, '$queryRaw'>,
  owner: { projectId: string; service: string },
  before: GraphQLSchema,
  after: GraphQLSchema,
): Promise<SchemaChange[]> {
  const changes = (await diff(before, after))
    .map((change) => ({
      criticality: criticalities[change.criticality.level],
      coordinate: coordinateOf(change.path ?? ''),
      usage: usageOf(change),
      message: change.message.slice(0, 500),
    }))
    .sort((a, b) => order.indexOf(a.criticality) - order.indexOf(b.criticality))
    .slice(0, maxChanges);
  const users = await usersOf(
    tx,
    owner,
    changes.map(({ usage }) => usage),
  );
  return changes.map(({ usage, ...change }) => ({ ...change, usedBy: users.get(usage) ?? [] }));
}

/** What must be used for a change to matter: of what was added, nobody uses itself but what it was added to. */
function usageOf({ type, path = '' }: Change): string {
  const [owner = '', field = ''] = path.split('.');
  switch (type) {
    case ChangeType.FieldArgumentAdded:
      return `${owner}.${field}`;
    case ChangeType.InputFieldAdded:
    case ChangeType.EnumValueAdded:
    case ChangeType.EnumValueRemoved: // whoever reads the field may have got it
      return owner;
    default:
      return coordinateOf(path);
  }
}

/** Operations by the coordinate that they use. One statement, by the index over coordinates. */
async function usersOf(
  tx: Pick<Tx, '$queryRaw'>,
  { projectId, service }: { projectId: string; service: string },
  coordinates: string[],
): Promise<Map<string, string[]>> {
  const rows = await tx.$queryRaw<{ coordinate: string; operations: string[] }[]>(Prisma.sql`
    SELECT used."coordinate", array_agg(DISTINCT c."operation" ORDER BY c."operation") AS "operations"
    FROM "Contract" c CROSS JOIN LATERAL unnest(c."coordinates") AS used("coordinate")
    WHERE c."projectId" = ${projectId}::uuid AND c."service" = ${service}
      AND c."coordinates" && ${coordinates}::text[] AND used."coordinate" = ANY(${coordinates}::text[])
      AND c."lastSeenAt" > now() - make_interval(days => ${usedWithinDays})
    GROUP BY used."coordinate"`);
  return new Map(rows.map(({ coordinate, operations }) => [coordinate, operations]));
}

/** The inspector says `Query.user.id` for an argument, GraphQL `Query.user(id:)`. */
function coordinateOf(path: string): string {
  const [type = '', field, argument] = path.split('.');
  if (argument) return `${type}.${field}(${argument}:)`;
  return field ? `${type}.${field}` : type;
}
