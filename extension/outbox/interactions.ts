import type { InteractionRecord, Tombstone } from '../../src/contract/interaction.ts';
import { limits } from '../../src/contract/limits.ts';
import type { DropReason } from '../../src/contract/vocabulary.ts';
import { RecordInteractionsDocument } from '../../src/generated/extension/graphql.ts';
import type { Refused } from './backlog.ts';
import type { InteractionRow } from './database.ts';
import type { Delivery } from './delivery.ts';
import { LostError, OperationRefusedError } from './errors.ts';
import { inLanes, untilTaken } from './patience.ts';

/**
 * Sends what waits, in batches of at most 50, two of them at once; what the server has acknowledged is
 * forgotten here. What it refuses is accounted for with a tombstone.
 *
 * @throws {LostError} the connection was lost on the way: call it again
 * @throws {Error} all was answered, and yet the first is not acknowledged
 */
export async function sendInteractions(delivery: Delivery): Promise<void> {
  const { backlog, pace, sessionId } = delivery;
  const firstOf = async () =>
    (await backlog.nextInteractions(sessionId, 0, { count: 1, chars: 0 }))[0];
  const first = await firstOf();
  if (!first) return;
  const lanes = pace.size().inFlight;
  try {
    await inLanes(lanes, batches(delivery), (rows) => deliver(delivery, rows));
  } catch (error) {
    if (error instanceof LostError) pace.slow();
    throw error;
  }
  if ((await firstOf())?.sequence === first.sequence)
    throw new Error(`Expected interaction ${first.sequence} to be acknowledged, it was not.`);
}

async function* batches({
  backlog,
  pace,
  sessionId,
  signal,
}: Delivery): AsyncGenerator<InteractionRow[]> {
  let after = 0;
  for (;;) {
    signal.throwIfAborted();
    const rows = await backlog.nextInteractions(sessionId, after, pace.size());
    const last = rows.at(-1);
    if (!last) return;
    after = last.sequence;
    yield rows;
  }
}

async function deliver(delivery: Delivery, rows: InteractionRow[]): Promise<void> {
  // What is over the limit is not even sent: a huge message would close the socket.
  const oversized = rows.filter(
    ({ item, chars }) => chars > limits.interactionChars && 'id' in item,
  );
  const refused = oversized.map(({ sequence, chars }) => ({
    sequence,
    code: 'TOO_LARGE',
    message: `Expected at most ${limits.interactionChars} characters of JSON for an interaction, got ${chars}.`,
  }));
  const fitting = rows.filter((row) => !oversized.includes(row)).map(({ item }) => item);
  await send(delivery, fitting);
  await bury(delivery, refused);
  delivery.pace.quicken();
}

async function send(delivery: Delivery, items: (InteractionRecord | Tombstone)[]): Promise<void> {
  if (items.length === 0) return;
  const { backlog, connection, sessionId, signal } = delivery;
  const interactions = items.filter((item) => 'id' in item);
  const tombstones = items.filter((item) => 'dropped' in item);
  const stop = AbortSignal.any([signal, connection.loss()]);
  try {
    const input = { sessionId, interactions, tombstones };
    const receipt = await untilTaken(
      async () =>
        (await connection.run(RecordInteractionsDocument, { input }, stop)).recordInteractions,
      delivery,
    );
    if (receipt.__typename !== 'IngestReceipt') throw new OperationRefusedError(receipt);
    const { conflicting } = receipt;
    if (conflicting.length > 0) {
      await backlog.changeBook(sessionId, (book) => ({
        conflicting: [...new Set([...book.conflicting, ...conflicting])],
      }));
      delivery.onProblem({
        message: `The server already holds other versions of ${conflicting.length} of your interactions; those stay.`,
        advice: 'If this happens again, tell whoever runs the project.',
      });
    }
    await backlog.acknowledge(sessionId, receipt.acknowledged);
    await bury(delivery, receipt.rejected, items);
  } catch (error) {
    // The call as a whole does not fit the schema: find the one that is to blame.
    const isMisfit = error instanceof OperationRefusedError && error.code === 'BAD_USER_INPUT';
    if (!isMisfit) throw error;
    const [only] = items;
    if (items.length > 1) {
      const half = Math.ceil(items.length / 2);
      await send(delivery, items.slice(0, half));
      await send(delivery, items.slice(half));
    } else if (only)
      await bury(
        delivery,
        [{ sequence: only.sequence, code: 'INVALID', message: error.message }],
        items,
      );
  }
}

/** Tombstones stand for what was refused, on disk before they are sent. */
async function bury(
  delivery: Delivery,
  refused: Refused[],
  items: (InteractionRecord | Tombstone)[] = [],
): Promise<void> {
  if (refused.length === 0) return;
  const unburiable = refused.find(({ sequence }) =>
    items.some((item) => item.sequence === sequence && 'dropped' in item),
  );
  if (unburiable) throw new OperationRefusedError(unburiable);
  const tombstones = refused.map(({ sequence, code }) => ({ sequence, dropped: reasonFor(code) }));
  await delivery.backlog.bury(delivery.sessionId, tombstones, refused);
  await send(delivery, tombstones);
}

function reasonFor(code: string): DropReason {
  if (code === 'TOO_LARGE' || code === 'FIELD_TOO_LONG') return 'TOO_LARGE';
  if (code === 'INVALID' || code === 'UNSTORABLE_TEXT' || code === 'OUT_OF_RANGE') return 'INVALID';
  return 'REFUSED';
}
