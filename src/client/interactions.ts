import type { InteractionRecord, Tombstone } from '../contract/interaction.ts';
import { limits } from '../contract/limits.ts';
import type { DropReason } from '../contract/vocabulary.ts';
import { RecordInteractionsDocument } from '../generated/client/graphql.ts';
import type { Connection } from './connection.ts';
import { RequestRefusedError } from './errors.ts';
import { openLanes } from './lanes.ts';
import { untilTaken } from './patience.ts';

type Item = InteractionRecord | Tombstone;

/** An interaction that the server refused; a tombstone stands for it. */
export type RefusedInteraction = { sequence: number; code: string; message: string };

/** What became of the interactions of one capture. */
export type InteractionTally = {
  /** Handed over by whoever records. */
  given: number;
  /** Not sent, because the server had them already. */
  skipped: number;
  stored: number;
  repeated: number;
  /** Highest sequence up to which every interaction is stored. */
  acknowledged: number;
  /** Sequences under which the server has another body; its own stays. */
  conflicting: number[];
  refused: RefusedInteraction[];
};

export type InteractionSender = {
  tally: InteractionTally;
  /** Takes an interaction; resolves when there is room for the next one. */
  send(item: Item, options?: { isResent?: boolean }): Promise<void>;
  /** Resolves when everything that was sent is stored. */
  drain(): Promise<void>;
};

const batchMost = 50;
const batchDelayMs = 250;
/** A message of the WebSocket stays well under `MAX_MESSAGE_MB`. */
const batchChars = 512 * 1024;
const callsInFlight = 2;
const batchesWaiting = 2;

/**
 * Sends interactions in batches of at most 50, or of what came in 250 ms. Every batch is repeated until
 * it is answered; what the server refuses is accounted for with a tombstone.
 */
export function openInteractions(
  connection: Connection,
  {
    sessionId,
    acknowledged,
    signal,
    onChange,
    onWait,
  }: {
    sessionId: string;
    /** What the server holds already, contiguous from 1; these are not sent. */
    acknowledged: number;
    signal: AbortSignal;
    onChange: () => void;
    onWait: (message: string, ms: number) => void;
  },
): InteractionSender {
  const tally: InteractionTally = {
    given: 0,
    skipped: 0,
    stored: 0,
    repeated: 0,
    acknowledged,
    conflicting: [],
    refused: [],
  };
  const lanes = openLanes(callsInFlight, batchesWaiting);
  let batch: Item[] = [];
  let chars = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    const items = batch;
    batch = [];
    chars = 0;
    if (items.length > 0) await lanes.add(() => deliver(items));
  };

  const deliver = async (items: Item[]): Promise<void> => {
    const interactions = items.filter((item) => 'id' in item);
    const tombstones = items.filter((item) => 'dropped' in item);
    const ask = async () => {
      const input = { sessionId, interactions, tombstones };
      return (await connection.run(RecordInteractionsDocument, { input }, signal))
        .recordInteractions;
    };
    try {
      const receipt = await untilTaken(ask, { signal, wait: connection.wait, onWait });
      if (receipt.__typename !== 'IngestReceipt')
        throw new RequestRefusedError(receipt.code, receipt.message);
      tally.stored += receipt.stored;
      tally.repeated += receipt.repeated;
      tally.acknowledged = Math.max(tally.acknowledged, receipt.acknowledged);
      tally.conflicting.push(...receipt.conflicting);
      onChange();
      await bury(items, receipt.rejected);
    } catch (error) {
      // The call as a whole does not fit the schema: find the one that is to blame.
      if (!(error instanceof RequestRefusedError) || error.code !== 'BAD_USER_INPUT') throw error;
      const [only] = items;
      if (items.length > 1) {
        const half = Math.ceil(items.length / 2);
        await deliver(items.slice(0, half));
        await deliver(items.slice(half));
      } else if (only && 'id' in only) {
        const { sequence } = only;
        await bury(items, [{ sequence, code: 'INVALID', message: error.message }]);
      } else throw error;
    }
  };

  /** Sends tombstones for what was refused. */
  const bury = async (items: Item[], refused: RefusedInteraction[]): Promise<void> => {
    if (refused.length === 0) return;
    const unburiable = refused.find(({ sequence }) =>
      items.some((item) => item.sequence === sequence && 'dropped' in item),
    );
    if (unburiable) throw new RequestRefusedError(unburiable.code, unburiable.message);
    tally.refused.push(...refused);
    await deliver(refused.map(({ sequence, code }) => ({ sequence, dropped: reasonFor(code) })));
  };

  /** What is over the limit is not even sent: a huge message would close the socket. */
  const sized = (item: Item): { item: Item; size: number } => {
    const size = JSON.stringify(item).length;
    if (size <= limits.interactionChars || 'dropped' in item) return { item, size };
    const { sequence } = item;
    const message = `Expected at most ${limits.interactionChars} characters of JSON for an interaction, got ${size}.`;
    tally.refused.push({ sequence, code: 'TOO_LARGE', message });
    return { item: { sequence, dropped: 'TOO_LARGE' }, size: 0 };
  };

  return {
    tally,
    async send(given, { isResent = false } = {}) {
      signal.throwIfAborted();
      if (!isResent) {
        tally.given += 1;
        if (given.sequence <= acknowledged) {
          tally.skipped += 1;
          onChange();
          return;
        }
      }
      const { item, size } = sized(given);
      if (batch.length > 0 && chars + size > batchChars) await flush();
      batch.push(item);
      chars += size;
      if (batch.length >= batchMost) return flush();
      // `drain` and the next `send` hear of what goes wrong here.
      if (batch.length === 1)
        timer = setTimeout(() => void flush().catch(() => undefined), batchDelayMs);
    },
    async drain() {
      await flush();
      await lanes.idle();
    },
  };
}

function reasonFor(code: string): DropReason {
  if (code === 'TOO_LARGE' || code === 'FIELD_TOO_LONG') return 'TOO_LARGE';
  if (code === 'INVALID' || code === 'UNSTORABLE_TEXT' || code === 'OUT_OF_RANGE') return 'INVALID';
  return 'REFUSED';
}
