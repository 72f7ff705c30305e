import { hash } from 'node:crypto';
import { binomialTail } from '../lib/statistics.ts';
import type { LeakCode } from './leak.ts';
import { MarkerProbe } from './marker-probe.ts';
import { falseAlarm, PlaceProbe, type Probe, ReaderProbe } from './probes.ts';
import { type ReadLine, readElementLine } from './read-line.ts';

type Found = [code: LeakCode, detail: string];

/**
 * Share of answers that the history may end with though the answer before was another: the same was done twice
 * and gave an example only the second time.
 */
const repeatedShare = 0.25;

/** What has to be judged over all lines. A line that was in the file before is no new evidence. */
export class FileProbes {
  readonly #seen = new SeenLines();
  readonly #history = new HistoryProbe();
  readonly #markers = new MarkerProbe();
  readonly #inList = new PlaceProbe('place in the list');
  readonly #byRef = new PlaceProbe('rank of the ref');
  readonly #readers = [
    new ReaderProbe('longest candidate', (read) => mostBy(read, ({ text }) => text.length)),
    new ReaderProbe('shortest candidate', (read) => mostBy(read, ({ text }) => -text.length)),
    new ReaderProbe('first in the outline', (read) => inOutline(read)[0]),
    new ReaderProbe('middle of the outline', (read) => {
      const refs = inOutline(read);
      return refs[Math.floor(refs.length / 2)];
    }),
    new ReaderProbe('last in the outline', (read) => inOutline(read).at(-1)),
    new ReaderProbe('nearest to a cut', nearestToCut),
  ];

  add(read: ReadLine): void {
    const { candidates, answer } = read;
    const place = candidates.findIndex(({ ref }) => ref === answer.ref);
    if (place < 0 || this.#seen.has(read)) return;
    this.#history.add(read);
    this.#markers.add(read);
    this.#inList.add(place, candidates.length);
    const ranked = candidates
      .map(({ ref }) => ref)
      .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
    this.#byRef.add(ranked.indexOf(answer.ref), candidates.length);
    for (const reader of this.#readers) reader.add(read);
  }

  probes(): Probe[] {
    return [this.#inList, this.#byRef, ...this.#readers].map((probe) => probe.result());
  }

  *findings(): Generator<Found> {
    for (const token of this.#markers.markers()) yield ['MARKED_ANSWER', token];
    for (const probe of [this.#inList, this.#byRef]) {
      const { name, p } = probe.result();
      if (probe.tells()) yield ['PLACE_TELLS', `By ${name}, p = ${p?.toExponential(1)}.`];
    }
    for (const reader of this.#readers) if (reader.tells()) yield ['FORM_TELLS', reader.name];
    const { ended, changed } = this.#history;
    if (this.#history.tells()) yield ['HISTORY_REPEATS', `${ended} of ${changed}.`];
  }
}

/** Does the history end with the answer itself, where the person did something else before? */
class HistoryProbe {
  #last = '';
  /** Lines whose answer differs from that of the line before, and those of them whose history ends with it. */
  changed = 0;
  ended = 0;

  add(read: ReadLine): void {
    const { answer, candidates } = read;
    const own = candidates.find(({ ref }) => ref === answer.ref)?.text ?? '';
    const doing = `${answer.operation} ${own.split(' ', 1)[0]} ${nameIn(own)}`;
    if (doing !== this.#last) {
      this.changed++;
      if (repeats(read.history.at(-1) ?? '', read)) this.ended++;
    }
    this.#last = doing;
  }

  tells(): boolean {
    return binomialTail(this.ended, this.changed, repeatedShare) < falseAlarm;
  }
}

const seenBits = 2 ** 24;

/**
 * Lines that were there before, by their prompt, in 2 MiB (Bloom, 1970). Of a million lines one in 400 is
 * taken for one that was there.
 */
class SeenLines {
  readonly #bits = new Uint8Array(seenBits / 8);

  /** Whether the line was there; it is from now on. */
  has({ prompt }: ReadLine): boolean {
    const digest = hash('sha1', prompt, 'buffer');
    let isKnown = true;
    for (let at = 0; at < 16; at += 4) {
      const bit = digest.readUInt32LE(at) % seenBits;
      const [byte, mask] = [bit >>> 3, 1 << (bit & 7)];
      if (((this.#bits[byte] ?? 0) & mask) === 0) isKnown = false;
      this.#bits[byte] = (this.#bits[byte] ?? 0) | mask;
    }
    return isKnown;
  }
}

/** Whether a step of the history is the answer's operation on an element of its role and name. */
export function repeats(step: string, { answer, candidates }: ReadLine): boolean {
  const own = candidates.find(({ ref }) => ref === answer.ref)?.text ?? '';
  const name = nameIn(own);
  const role = own.split(' ', 1)[0] ?? '';
  const verb = answer.operation.replace('_', '-');
  return (
    name !== '' &&
    step.replace(/^\d+\. /, '').startsWith(`${verb} `) &&
    step.endsWith(`${role} ${name}`)
  );
}

/** The name of an element, quoted as it stands in its text; empty for none. */
export function nameIn(text: string): string {
  return /^[a-z]+(?: \d+)? ("(?:[^"\\]|\\.)*")/.exec(text)?.[1] ?? '';
}

function inOutline({ outline, candidates }: ReadLine): string[] {
  const known = new Set(candidates.map(({ ref }) => ref));
  return outline.map((line) => readElementLine(line)?.ref ?? '').filter((ref) => known.has(ref));
}

function mostBy(
  { candidates }: ReadLine,
  score: (candidate: ReadLine['candidates'][number]) => number,
): string | undefined {
  return candidates.toSorted((a, b) => score(b) - score(a))[0]?.ref;
}

/** The candidate with the fewest lines between it and a cut; `undefined` where nothing was cut. */
function nearestToCut({ outline }: ReadLine): string | undefined {
  const cuts = outline.flatMap((line, at) => (line.startsWith('… ') ? [at] : []));
  if (cuts.length === 0) return undefined;
  const distances = outline.flatMap((line, at) => {
    const ref = readElementLine(line)?.ref;
    return ref ? [{ ref, lines: Math.min(...cuts.map((cut) => Math.abs(cut - at))) }] : [];
  });
  return distances.sort((a, b) => a.lines - b.lines)[0]?.ref;
}
