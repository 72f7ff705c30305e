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
import { builder } from './graphql/builder.ts';

builder.queryType({ description: 'What can be read.' });
builder.mutationType({
  description: 'What can be changed. Each mutation answers with what it did, or with a problem.',
});
builder.subscriptionType({ description: 'What can be followed live.' });

export const schema = builder.toSchema();
