import * as z from 'zod';
import { defineJob, type JobDefinition } from '../../platform/queue.ts';
import { deliver, giveUp } from './deliver.ts';

const DeliveryIds = z.object({ projectId: z.uuid(), deliveryId: z.uuid() });

/** Sends one message to one channel, and comes back by itself while that fails. */
export const deliverJob: JobDefinition<z.output<typeof DeliveryIds>> = defineJob({
  name: 'diagnostics.deliver',
  payload: DeliveryIds,
  timeoutSeconds: 60,
  run: (app, ids, job) =>
    deliver(app, ids.deliveryId, job, (tx, afterSeconds) =>
      app.queue.send(tx, deliverJob, ids, { afterSeconds }),
    ),
  failed: (app, { deliveryId }, reason) => giveUp(app, deliveryId, reason),
});
