import { type GraphQLSchema, Kind, parse, printSchema } from 'graphql';
import { contractLimits } from '../../contract/contracts.ts';
import * as client from '../../generated/client/graphql.ts';
import * as extension from '../../generated/extension/graphql.ts';
import type { App } from '../../platform/app.ts';
import { deploySchema } from './deploy.ts';
import { type ContractContent, describeContract, readSchema } from './describe.ts';
import { keepContracts } from './known.ts';

/** What CodeSight's server is called among services. */
export const ownService = 'codesight';
/** Of all our contracts: what they say tells them apart, so that a release which changes no operation makes no new contract. */
const ownVersion = '1';

/**
 * Makes CodeSight's own schema and the operations of its clients known, in the installation's project. To be
 * called at every start: what has not changed is nothing new.
 */
export async function registerOwnContracts(
  app: Pick<App, 'db' | 'pubsub' | 'queue'>,
  schema: GraphQLSchema,
  { projectId, version }: { projectId: string; version: string },
): Promise<void> {
  const sdl = printSchema(schema);
  await deploySchema(app, projectId, { service: ownService, sdl, release: version });
  const contents = ownContracts(sdl);
  for (let from = 0; from < contents.length; from += contractLimits.contractsPerCall)
    await keepContracts(
      app.db,
      projectId,
      contents.slice(from, from + contractLimits.contractsPerCall),
      { isOwn: true },
    );
}

/** The contracts of clients' operations, each once, by the schema in GraphQL's language. A subscription has no answer in time, and so none. */
export function ownContracts(
  sdl: string,
  documents = [...documentsOf(client), ...documentsOf(extension)],
): ContractContent[] {
  const known = readSchema(sdl, 'schema');
  const common = {
    ...{ service: ownService, version: ownVersion, timeoutMs: 30_000 },
    kind: 'GRAPHQL',
  } as const;
  const contents = documents.flatMap((document) =>
    namesIn(document).map((operation) =>
      describeContract({ ...common, operation, document }, known, operation),
    ),
  );
  return [...new Map(contents.map((content) => [content.hash, content])).values()];
}

/** The documents that code generation made of a client's operations. */
export function documentsOf(generated: Record<string, unknown>): string[] {
  return Object.values(generated)
    .filter(
      (each) =>
        each instanceof client.TypedDocumentString || each instanceof extension.TypedDocumentString,
    )
    .map(String);
}

function namesIn(document: string): string[] {
  return parse(document).definitions.flatMap((node) =>
    node.kind === Kind.OPERATION_DEFINITION && node.name && node.operation !== 'subscription'
      ? [node.name.value]
      : [],
  );
}
