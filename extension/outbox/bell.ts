/** Tells those who wait that something has changed; nothing that rings between two looks is missed. */
export type Bell = {
  ring(): void;
  /** How often it has rung. */
  count(): number;
  /** Resolves when it has rung more often than `seen`, or after so long. @throws the signal's reason */
  after(seen: number, ms: number | null, signal: AbortSignal): Promise<void>;
};

export function openBell(): Bell {
  const waiting = new Set<() => void>();
  let count = 0;
  return {
    ring() {
      count += 1;
      for (const wake of waiting) wake();
    },
    count: () => count,
    after: (seen, ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        if (count > seen) return resolve();
        const leave = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          signal.removeEventListener('abort', abort);
        };
        const wake = () => {
          leave();
          resolve();
        };
        const abort = () => {
          leave();
          reject(signal.reason);
        };
        const timer = ms === null ? undefined : setTimeout(wake, ms);
        waiting.add(wake);
        signal.addEventListener('abort', abort, { once: true });
      }),
  };
}
