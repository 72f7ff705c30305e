/** Imports every feature's door to GraphQL and builds the schema. */
import './graphql/scalars.ts';
import './accounts/schema.ts';
import './diagnostics/schema.ts';
import './sessions/schema.ts';
import './sessions/schema-mutations.ts';
import './sessions/schema-events.ts';
import './processing/schema.ts';
import './quality/schema.ts';
import './datasets/schema.ts';
import './ops/schema.ts';
import './ops/schema-reprocess.ts';
import { type GraphQLSchema, isObjectType } from 'graphql';
import { builder } from './graphql/builder.ts';

builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description: 'What can be changed. Each mutation answers with what it did, or with a problem.',
});
builder.subscriptionType({ description: 'What can be followed live.' });

export const schema = withTotalsDescribed(builder.toSchema());

/** Pothos makes `totalCount` and has no option for its description. */
function withTotalsDescribed(built: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(built.getTypeMap())) {
    const total = isObjectType(type) ? type.getFields().totalCount : undefined;
    if (total) total.description ??= 'Items in the whole list. Counted only when asked for.';
  }
  return built;
}
