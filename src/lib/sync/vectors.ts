/** How many changes of each replica a copy has seen. A replica that is not named has none. */
export type VersionVector = Record<string, number>;

export type VectorOrder = 'equal' | 'dominates' | 'dominated' | 'concurrent';

/** How the first vector stands to the second. */
export function compareVectors(a: VersionVector, b: VersionVector): VectorOrder {
  let [isAhead, isBehind] = [false, false];
  for (const replica of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [here, there] = [seenBy(a, replica), seenBy(b, replica)];
    if (here > there) isAhead = true;
    if (here < there) isBehind = true;
  }
  if (isAhead && isBehind) return 'concurrent';
  if (isAhead) return 'dominates';
  return isBehind ? 'dominated' : 'equal';
}

/** All that either of them has seen. */
export function joinVectors(a: VersionVector, b: VersionVector): VersionVector {
  const joined = new Map<string, number>();
  for (const replica of new Set([...Object.keys(a), ...Object.keys(b)]))
    joined.set(replica, Math.max(seenBy(a, replica), seenBy(b, replica)));
  return Object.fromEntries(joined);
}

/** The vector after one more change by the replica. */
export function nextVector(vector: VersionVector, replica: string): VersionVector {
  return Object.fromEntries([
    ...Object.entries(vector),
    [replica, seenBy(vector, replica) + 1] as const,
  ]);
}

/** A copy with its content's hash. */
export type Version = { vector: VersionVector; hash: string };

/**
 * What two copies are to each other. `lag` is no trouble: one has yet to see what the other has.
 * `divergent`: the same changes, and yet not the same content.
 */
export function compareVersions(a: Version, b: Version): 'same' | 'lag' | 'conflict' | 'divergent' {
  if (a.hash === b.hash) return 'same'; // concurrent changes to the same are none to settle
  const order = compareVectors(a.vector, b.vector);
  if (order === 'concurrent') return 'conflict';
  return order === 'equal' ? 'divergent' : 'lag';
}

function seenBy(vector: VersionVector, replica: string): number {
  return Object.hasOwn(vector, replica) ? (vector[replica] ?? 0) : 0;
}
