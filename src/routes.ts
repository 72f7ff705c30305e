import { readExportAction, readExportFileAction } from './datasets/objects.ts';
import { handleReports } from './diagnostics/envelope/door.ts';
import type { Routes } from './graphql/server.ts';
import { opsRoutes } from './ops/health.ts';
import { handleObject, objectActions } from './sessions/objects.ts';
import { readBundleAction } from './training/objects.ts';
import { handleWebhook } from './training/webhook.ts';

const actions = {
  ...objectActions,
  'read-export': readExportAction,
  'read-export-file': readExportFileAction,
  'read-training-bundle': readBundleAction,
};

/** What the server answers beside GraphQL. */
export const routes = {
  ...opsRoutes,
  '/api': { anyOrigin: handleReports },
  '/objects': (app, request, response) => handleObject(app, actions, request, response),
  '/webhooks/openai': handleWebhook,
} satisfies Routes;
