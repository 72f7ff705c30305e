import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { text } from '../../contract/text.ts';
import { tokenOf } from '../../graphql/http.ts';
import { sendJson } from '../../graphql/server.ts';
import { InvalidInputError } from '../../lib/errors.ts';
import type { App } from '../../platform/app.ts';
import { reportContractChecks } from '../contracts/checks.ts';
import { rateOf } from '../intake/rates.ts';
import { DoorRefusal, jsonOf, readBody } from './body.ts';
import { senderOf } from './sender.ts';

const Call = z.object({
  clientId: text(200).min(1).nullish(),
  checks: z.array(z.unknown()),
});

/**
 * Takes checks of contracts by HTTP, from any origin, as `reportContractChecks` does. A call counts as one
 * report of its key; what it tells of violations counts as reports, too.
 *
 * @throws {DoorRefusal}
 */
export async function takeChecks(
  app: App,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const token = tokenOf(request.headers.authorization);
  const sender = await senderOf(app, request, { token, project: null });
  const rate = rateOf(app, sender);
  if (rate.take(1) === 0)
    throw new DoorRefusal(429, `Too many calls at once: ${rate.reason()}.`, rate.waitSeconds());
  const parsed = Call.safeParse(jsonOf(await readBody(request)));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DoorRefusal(400, `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
  }
  const { clientId, checks } = parsed.data;
  try {
    sendJson(response, 200, await reportContractChecks(app, sender, checks, clientId ?? null));
  } catch (error) {
    if (error instanceof InvalidInputError)
      throw new DoorRefusal(400, `${error.field.replace(/^input\./, '')}: ${error.message}`);
    throw error;
  }
}
