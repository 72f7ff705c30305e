import type { FramePath, PageMessage, SentMessage, SentSnapshot, Snapshot } from '../page.ts';
import { ask, RefusedError, UnansweredError } from '../wire.ts';

/** Waits between two attempts, in milliseconds. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5_000;
/** Characters of one message to the recorder; the browser's limit is 64 MB. */
const BATCH_CHARS = 4_000_000;
/** Snapshots that wait for a recorder that does not come back; the page's memory is not ours. */
const MOST_SNAPSHOT_CHARS = 32_000_000;

type Waiting = {
  sessionId: string;
  message: PageMessage;
  /** The recorder does not know the page that this one is told from. */
  isWhole: boolean;
};

export type Outgoing = {
  /** Kept until the recorder has it on disk, and told in this order. */
  tell(sessionId: string, message: PageMessage): void;
  /** Of use only now: told at once, or never. */
  hint(sessionId: string, message: Exclude<PageMessage, Snapshot>): void;
  /** Sends all that waits in this very task: the document is about to go. */
  flush(): void;
  /** Resolves when nothing waits any more, or nothing can be told any more. */
  drained(): Promise<void>;
};

/**
 * What a document has to tell. A recorder that died is asked again, for ever; what it has heard
 * already may then come twice.
 *
 * @param isOver whether the recorder wants no more of this session; asked when it refuses
 * @param onEnd this script has lost its extension for good
 */
export function openOutgoing(
  about: { documentId: string; path: () => FramePath },
  isOver: (sessionId: string) => Promise<boolean>,
  onEnd: () => void,
): Outgoing {
  let waiting: Waiting[] = [];
  let running: Promise<void> | null = null;
  let hasEnded = false;

  const send = (sessionId: string, messages: SentMessage[]) =>
    ask('page.tell', { documentId: about.documentId, sessionId, path: about.path(), messages });

  const end = (): void => {
    hasEnded = true;
    waiting = [];
    onEnd();
  };

  /** @returns whether it is worth trying again */
  const recover = async (error: unknown, sessionId: string, wait: number): Promise<void> => {
    if (error instanceof UnansweredError && error.isFinal) return end();
    if (error instanceof RefusedError && (await isOver(sessionId))) {
      waiting = waiting.filter((each) => each.sessionId !== sessionId);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
  };

  const run = async (): Promise<void> => {
    let wait = FIRST_WAIT;
    while (waiting[0]) {
      const { sessionId } = waiting[0];
      const batch = batchOf(waiting);
      try {
        const { isKept } = await send(sessionId, batch.map(sentOf));
        // From here on differences can be understood again.
        if (isKept) waiting = waiting.filter((each) => !batch.includes(each));
        else for (const each of batch) each.isWhole = true;
        wait = FIRST_WAIT;
      } catch (error) {
        await recover(error, sessionId, wait);
        wait = Math.min(LONGEST_WAIT, wait * 2);
      }
    }
  };

  return {
    tell(sessionId, message) {
      if (hasEnded) return;
      waiting.push({ sessionId, message, isWhole: false });
      if (message.kind === 'snapshot') forgetOldSnapshots(waiting);
      // After the page has heard the event, and together with all that comes of it.
      running ??= scheduler.postTask(run).finally(() => {
        running = null;
      });
    },
    hint(sessionId, message) {
      if (hasEnded) return;
      send(sessionId, [message]).catch((error: unknown) => {
        if (error instanceof UnansweredError && error.isFinal) end();
      });
    },
    flush() {
      for (let rest = waiting; rest[0]; ) {
        const { sessionId } = rest[0];
        const batch = batchOf(rest);
        rest = rest.slice(batch.length);
        // What fails now is repeated by `run`, if the document lives on.
        send(sessionId, batch.map(sentOf)).catch(() => {});
      }
    },
    async drained() {
      while (running) await running;
    },
  };
}

/** The first messages, of one session and not too large. */
function batchOf(waiting: readonly Waiting[]): Waiting[] {
  const batch: Waiting[] = [];
  let chars = 0;
  for (const each of waiting) {
    if (each.sessionId !== waiting[0]?.sessionId) break;
    chars += each.message.kind === 'snapshot' ? each.message.html.length : 10_000;
    if (batch.length > 0 && chars > BATCH_CHARS) break;
    batch.push(each);
  }
  return batch;
}

function sentOf({ message, isWhole }: Waiting): SentMessage {
  return message.kind === 'snapshot' ? sentSnapshotOf(message, isWhole) : message;
}

/** A page that is told from another goes as what differs. */
export function sentSnapshotOf(
  { html, change, ...head }: Snapshot,
  isWhole: boolean,
): SentSnapshot {
  return change && !isWhole ? { ...head, ...change } : { ...head, html };
}

function forgetOldSnapshots(waiting: Waiting[]): void {
  let chars = 0;
  for (let index = waiting.length - 1; index >= 0; index--) {
    const message = waiting[index]?.message;
    if (message?.kind !== 'snapshot') continue;
    chars += message.html.length;
    if (chars > MOST_SNAPSHOT_CHARS) waiting.splice(index, 1);
  }
}
