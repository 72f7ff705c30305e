/** Tasks that run a few at a time; whoever adds one waits while too many are ahead of it. */
export type Lanes = {
  /**
   * Queues a task; resolves when there is room for another one.
   *
   * @throws what the first failed task threw; nothing runs after it
   */
  add(task: () => Promise<void>): Promise<void>;
  /** Resolves when all that was added has run. @throws what the first failed task threw */
  idle(): Promise<void>;
};

/**
 * @param width tasks that run at once
 * @param waitingMax tasks that may wait before `add` makes its caller wait
 */
export function openLanes(width: number, waitingMax: number): Lanes {
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;
  let failure: { error: unknown } | null = null;
  let listeners: (() => void)[] = [];

  const pump = (): void => {
    while (!failure && running < width) {
      const task = waiting.shift();
      if (!task) return;
      running += 1;
      void task()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => {
          running -= 1;
          pump();
          const told = listeners;
          listeners = [];
          for (const tell of told) tell();
        });
    }
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!failure && !isSo())
      await new Promise<void>((resolve) => {
        listeners.push(resolve);
      });
    if (failure) throw failure.error;
  };

  return {
    async add(task) {
      if (failure) throw failure.error;
      waiting.push(task);
      pump();
      await until(() => waiting.length <= waitingMax);
    },
    idle: () => until(() => running === 0 && waiting.length === 0),
  };
}

/** Lets at most `width` tasks run at once; the others wait in order. */
export function openGate(width: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = width;
  return async (task) => {
    if (free > 0) free -= 1;
    else
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
