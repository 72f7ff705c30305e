/** Runs one piece of work after the other, in the order in which it was asked. */
export function openTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {}); // who asked hears of it
    return turn;
  };
}

export type InTurn = ReturnType<typeof openTurns>;

/** As `openTurns`, apart for each key: what one document tells must not overtake itself. */
export function openTurnsBy() {
  const turns = new Map<string, { inTurn: InTurn; waiting: number }>();
  return async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const mine = turns.get(key) ?? { inTurn: openTurns(), waiting: 0 };
    turns.set(key, mine);
    mine.waiting += 1;
    try {
      return await mine.inTurn(work);
    } finally {
      mine.waiting -= 1;
      if (mine.waiting === 0) turns.delete(key);
    }
  };
}

/** The answer, or `null` when it takes longer. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
