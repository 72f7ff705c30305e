/** Imports every feature's door to GraphQL and builds the schema. */
import './graphql/scalars.ts';
import './accounts/schema.ts';
import './privacy/schema.ts';
import './diagnostics/schema-vocabulary.ts';
import './diagnostics/intake/schema.ts';
import './diagnostics/intake/schema-settings.ts';
import './diagnostics/intake/schema-source-maps.ts';
import './diagnostics/issues/schema.ts';
import './diagnostics/issues/schema-mutations.ts';
import './diagnostics/analytics/schema.ts';
import './diagnostics/contracts/schema.ts';
import './diagnostics/contracts/schema-mutations.ts';
import './diagnostics/contracts/schema-checks.ts';
import './diagnostics/contracts/schema-health.ts';
import './diagnostics/alerts/schema.ts';
import './diagnostics/stream/schema.ts';
import './diagnostics/sync/schema.ts';
import './diagnostics/sync/schema-events.ts';
import './diagnostics/sync/schema-instructions.ts';
import './diagnostics/sync/schema-mutations.ts';
import './diagnostics/sync/schema-report.ts';
import './sessions/schema.ts';
import './sessions/schema-capture.ts';
import './sessions/schema-health.ts';
import './sessions/schema-mutations.ts';
import './sessions/schema-events.ts';
import './processing/schema.ts';
import './quality/schema.ts';
import './datasets/schema.ts';
import './datasets/schema-datasets.ts';
import './datasets/schema-dataset-mutations.ts';
import './datasets/schema-exports.ts';
import './training/schema.ts';
import './evaluation/schema.ts';
import './evaluation/schema-results.ts';
import './evaluation/schema-mutations.ts';
import './evaluation/schema-events.ts';
import './deployment/schema.ts';
import './deployment/schema-predictions.ts';
import './deployment/schema-mutations.ts';
import './deployment/schema-requests.ts';
import './ops/schema.ts';
import './ops/schema-reprocess.ts';
import { type GraphQLField, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';
import { builder } from './graphql/builder.ts';

const { defaultConnectionSize: defaultPage = 20, maxConnectionSize: largestPage = 200 } =
  builder.options.prisma;

builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description: 'What can be changed. Each mutation answers with what it did, or with a problem.',
});
builder.subscriptionType({ description: 'What can be followed live.' });

export const schema = withCosts(withTotalsDescribed(builder.toSchema()));

/** Pothos makes `totalCount` and has no option for its description. */
function withTotalsDescribed(built: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(built.getTypeMap())) {
    const total = isObjectType(type) ? type.getFields().totalCount : undefined;
    if (total) total.description ??= 'Items in the whole list. Counted only when asked for.';
  }
  return built;
}

/** A page costs what its items cost, times its size: without this, Pothos takes every list for 5 items. */
function withCosts(built: GraphQLSchema): GraphQLSchema {
  const isPage = (type: unknown) => isObjectType(type) && type.name.endsWith('Connection');
  for (const type of Object.values(built.getTypeMap()))
    for (const field of isObjectType(type) ? Object.values(type.getFields()) : []) {
      if (isPage(getNamedType(field.type)))
        setCost(field, ({ first, last }) => ({
          field: 1,
          multiplier: Math.min(Number(first ?? last ?? defaultPage), largestPage),
        }));
      else if (isPage(type) && /^(?:nodes|edges)$/.test(field.name))
        setCost(field, { field: 0, multiplier: 1 });
    }
  return built;
}

type Cost = { field: number; multiplier: number };

function setCost(
  field: GraphQLField<unknown, unknown>,
  complexity: Cost | ((args: Record<string, unknown>) => Cost),
): void {
  field.extensions = { ...field.extensions, complexity };
}
