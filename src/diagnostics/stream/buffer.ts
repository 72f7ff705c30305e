import type { DebugEvent } from './event.ts';

/** Events that a follower did not get: from and to, both included, and how many of those it asked for. */
export type DebugGap = {
  from: bigint;
  to: bigint;
  /** `null` where they are no longer known and so cannot be counted. */
  dropped: number | null;
};

export type DebugItem = DebugEvent | DebugGap;

/** Unread events that are held for one follower. */
export const bufferedEvents = 500;

export function isGap(item: DebugItem): item is DebugGap {
  return 'dropped' in item;
}

/**
 * What a follower has not read yet: at most 500 events. When it is full, what comes is counted and
 * becomes a gap at its place in the order; so memory stays bounded and nothing is missing unsaid.
 */
export class DebugBuffer {
  readonly #wants: (event: DebugEvent) => boolean;
  #items: DebugItem[] = [];
  #events = 0;
  #wake: (() => void) | null = null;
  #ended = false;
  #skip = -1n;

  constructor(wants: (event: DebugEvent) => boolean) {
    this.#wants = wants;
  }

  offer(event: DebugEvent): void {
    if (this.#ended || event.sequence <= this.#skip || !this.#wants(event)) return;
    const last = this.#items.at(-1);
    if (this.#events < bufferedEvents) {
      this.#items.push(event);
      this.#events += 1;
    } else if (last && isGap(last)) {
      last.to = event.sequence;
      last.dropped = (last.dropped ?? 0) + 1;
    } else this.#items.push({ from: event.sequence, to: event.sequence, dropped: 1 });
    this.#wake?.();
  }

  /** Forgets what is up to a sequence, because it was read from the ring. @returns whether a gap reaches beyond */
  skipUpTo(sequence: bigint): boolean {
    this.#skip = sequence;
    if (this.#items.some((item) => isGap(item) && item.to > sequence)) {
      this.#items = [];
      this.#events = 0;
      return true;
    }
    this.#items = this.#items.filter((item) => !isGap(item) && item.sequence > sequence);
    this.#events = this.#items.length;
    return false;
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *read(): AsyncGenerator<DebugItem> {
    for (;;) {
      const item = this.#items.shift();
      if (item) {
        if (!isGap(item)) this.#events -= 1;
        yield item;
      } else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    }
  }
}
