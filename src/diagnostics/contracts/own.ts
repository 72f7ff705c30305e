import { type GraphQLSchema, Kind, parse, printSchema } from 'graphql';
import { contractLimits } from '../../contract/contracts.ts';
import * as client from '../../generated/client/graphql.ts';
import * as extension from '../../generated/extension/graphql.ts';
import type { App } from '../../platform/app.ts';
import { deploySchema } from './deploy.ts';
import { describeContract, readSchema } from './describe.ts';
import { keepContracts } from './known.ts';

/** What CodeSight's server is called among services. */
export const ownService = 'codesight';

/**
 * Makes CodeSight's own schema and the operations of its clients known, in the installation's project. To be
 * called at every start: what has not changed is nothing new.
 */
export async function registerOwnContracts(
  app: Pick<App, 'db'>,
  schema: GraphQLSchema,
  { projectId, version }: { projectId: string; version: string },
): Promise<void> {
  const sdl = printSchema(schema);
  await deploySchema(app, projectId, { service: ownService, sdl, release: version });
  const known = readSchema(sdl, 'schema');
  const contents = ownOperations().map(({ operation, document }) =>
    describeContract(
      {
        service: ownService,
        operation,
        version,
        kind: 'GRAPHQL',
        document,
        timeoutMs: 30_000,
      },
      known,
      operation,
    ),
  );
  const unique = [...new Map(contents.map((content) => [content.hash, content])).values()];
  for (let from = 0; from < unique.length; from += contractLimits.contractsPerCall)
    await keepContracts(
      app.db,
      projectId,
      unique.slice(from, from + contractLimits.contractsPerCall),
      {
        isOwn: true,
      },
    );
}

/** Queries and mutations of our clients; a subscription has no answer in time. */
function ownOperations(): { operation: string; document: string }[] {
  const documents = [...Object.values(client), ...Object.values(extension)].flatMap((each) =>
    each instanceof client.TypedDocumentString || each instanceof extension.TypedDocumentString
      ? [String(each)]
      : [],
  );
  return documents.flatMap((document) =>
    parse(document).definitions.flatMap((node) =>
      node.kind === Kind.OPERATION_DEFINITION && node.name && node.operation !== 'subscription'
        ? [{ operation: node.name.value, document }]
        : [],
    ),
  );
}
