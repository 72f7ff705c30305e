import { ContractDraft, contractLimits } from '../../contract/contracts.ts';
import { parseInput } from '../../graphql/input.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import type { App } from '../../platform/app.ts';
import { latestSchema } from './deploy.ts';
import { describeContract, type KnownSchema } from './describe.ts';
import { SchemaUnknownError } from './errors.ts';
import { keepContracts } from './known.ts';

/**
 * Makes contracts known; one that is known already is only seen again. All or none.
 *
 * @returns their hashes, in the order of the drafts
 * @throws {InvalidInputError} @throws {SchemaUnknownError} a GraphQL operation of a service without a schema
 */
export async function registerContracts(
  { db }: Pick<App, 'db'>,
  projectId: string,
  input: unknown[],
): Promise<string[]> {
  if (input.length === 0 || input.length > contractLimits.contractsPerCall)
    throw new InvalidInputError(
      'input.contracts',
      `Expected 1 to ${contractLimits.contractsPerCall} contracts, got ${input.length}.`,
    );
  const drafts = input.map((each, index) => parseInput(ContractDraft, each, pathOf(index)));
  return await db.$transaction(async (tx) => {
    const schemas = new Map<string, KnownSchema>();
    for (const { kind, service } of drafts) {
      if (kind !== 'GRAPHQL' || schemas.has(service)) continue;
      const known = await latestSchema(tx, projectId, service);
      if (!known) throw new SchemaUnknownError(service);
      schemas.set(service, known);
    }
    const contents = drafts.map((draft, index) =>
      describeContract(draft, schemas.get(draft.service) ?? null, pathOf(index)),
    );
    await keepContracts(tx, projectId, contents);
    return contents.map(({ hash }) => hash);
  });
}

function pathOf(index: number): string {
  return `input.contracts.${index}`;
}
