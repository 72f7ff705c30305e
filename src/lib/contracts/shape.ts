import type { Shape, TypeCounts } from '../../reporter/shapes.ts';
import type { JsonType } from './json-schema.ts';

/** How a place is not what it was. */
export type Drift = {
  pointer: string;
  kind: 'FIELD_GONE' | 'TYPE_WIDENED' | 'NULLS_APPEARED';
  /** The type that is new, or `absent`. */
  type: JsonType | 'absent';
  /** Samples that show it. */
  seen: number;
};

/** shared DIAGNOSTICS: after 3 of at least 20 samples. */
const minSamples = 20;
const minSeen = 3;

/**
 * What differs between what was (`baseline`) and what has come since (`recent`), each with its number of
 * samples. Silent until there are 20 of the former; a difference must show in 3 of the latter.
 */
export function driftBetween(
  baseline: { shape: Shape; samples: number },
  recent: { shape: Shape; samples: number },
): Drift[] {
  if (baseline.samples < minSamples || recent.samples < minSeen) return [];
  const drifts: Drift[] = [];
  for (const [pointer, before] of Object.entries(baseline.shape)) {
    const now = recent.shape[pointer] ?? {};
    const parent = parentOf(pointer);
    const due = objectsAt(recent.shape, parent);
    const isAlways = objectsAt(baseline.shape, parent) === total(before);
    const gone = due - total(now);
    if (parent !== null && !isItem(pointer) && !isVariant(pointer) && isAlways && gone >= minSeen)
      drifts.push({ pointer, kind: 'FIELD_GONE', type: 'absent', seen: gone });
    for (const [type, seen] of Object.entries(now) as [JsonType, number][]) {
      if (seen < minSeen || before[type]) continue;
      if (type === 'integer' && before.number) continue; // every number may be whole
      drifts.push({
        pointer,
        kind: type === 'null' ? 'NULLS_APPEARED' : 'TYPE_WIDENED',
        type,
        seen,
      });
    }
  }
  return drifts;
}

function parentOf(pointer: string): string | null {
  return pointer === '' ? null : pointer.slice(0, pointer.lastIndexOf('/'));
}

function isItem(pointer: string): boolean {
  return pointer.endsWith('/*');
}

/** One of several types at a place, which may as well be another. */
function isVariant(pointer: string): boolean {
  return /:\w+$/.test(pointer);
}

function objectsAt(shape: Shape, pointer: string | null): number {
  return pointer === null ? 0 : (shape[pointer]?.object ?? 0);
}

function total(counts: TypeCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
