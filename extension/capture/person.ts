import { tell } from './capture.ts';
import { onTrusted } from './listen.ts';
import { surveySoon } from './rest.ts';

/** A pointer that stood still so long had a rest; milliseconds. */
const REST = 300;
/** Between two `stir`, in milliseconds. */
const GAP = 1_000;

let movedAt = Number.NEGATIVE_INFINITY;
let stirredAt = Number.NEGATIVE_INFINITY;

/** Tells that the pointer moves again, and has the page surveyed before it arrives anywhere. */
export function watchPerson(): void {
  onTrusted('pointermove', (event) => {
    const { timeStamp } = event;
    const hasRested = timeStamp - movedAt > REST;
    movedAt = timeStamp;
    if (!hasRested || timeStamp - stirredAt < GAP) return;
    stirredAt = timeStamp;
    tell({ kind: 'stir', at: Date.now() });
    surveySoon();
  });
}
