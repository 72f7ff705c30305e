import type { CaptureTally } from '../client/capture.ts';
import type { Connection } from '../client/connection.ts';
import { type Played, play } from '../client/play.ts';
import type { Source, SourceSize } from '../client/source.ts';
import { bytes, count, printable } from './print.ts';
import { type Board, type Line, openBoard } from './progress.ts';

/** Plays a source into the server and draws how far it is. Draws nothing when nothing has to be sent. */
export async function send(
  connection: Connection,
  source: Source,
  size: SourceSize,
  { signal, isQuiet = false }: { signal: AbortSignal; isQuiet?: boolean },
): Promise<Played> {
  const drawings: { board: Board; lines: ReturnType<typeof linesOf> }[] = [];
  const drawing = () => {
    if (drawings.length === 0) {
      const board = openBoard();
      drawings.push({ board, lines: linesOf(board, size) });
    }
    return drawings[0]?.lines;
  };
  const show = (tally: CaptureTally): void => {
    if (!isQuiet) drawing()?.show(tally);
  };
  try {
    const played = await play(source, connection, {
      signal,
      onProgress: show,
      onWait: (message, ms) => {
        const why = `${printable(message)} (${Math.ceil(ms / 1000)} s)`;
        if (!isQuiet) drawing()?.wait(why);
      },
    });
    if (!isQuiet && !played.isRepeat) {
      show(played);
      drawing()?.end(played);
    }
    return played;
  } finally {
    for (const { board } of drawings) board.close();
  }
}

function linesOf(board: Board, size: SourceSize) {
  const interactions = board.line('Interactions');
  const pictures = size.screenshots > 0 ? board.line('Pictures') : null;
  const pages = size.snapshots > 0 ? board.line('Pages') : null;
  const show = (line: Line | null, done: number, all: number): void =>
    line?.set(all === 0 ? 1 : done / all, `${done} of ${all}`);
  return {
    wait: (why: string) => interactions.set(0, why),
    show({ interactions: sent, uploads }: CaptureTally): void {
      show(interactions, sent.stored + sent.repeated + sent.skipped, size.interactions);
      show(pictures, uploads.stored.screenshots, size.screenshots);
      show(pages, uploads.stored.snapshots, size.snapshots);
    },
    end({ interactions: sent, uploads }: CaptureTally): void {
      const skipped = sent.skipped > 0 ? `, ${sent.skipped} were there already` : '';
      interactions.end(`${sent.acknowledged} of ${size.interactions} acknowledged${skipped}`);
      pictures?.end(`${uploads.stored.screenshots} of ${size.screenshots} stored`);
      pages?.end(`${uploads.stored.snapshots} of ${size.snapshots} stored`);
    },
  };
}

/** What did not go as it was recorded, a line each; empty when everything did. */
export function describeLosses({ interactions, uploads }: Played): string[] {
  return [
    ...interactions.refused.map(
      ({ sequence, message }) =>
        `Interaction ${sequence} was refused, a tombstone stands for it: ${message}`,
    ),
    ...interactions.conflicting.map(
      (sequence) => `Interaction ${sequence} was there with another body, which stays.`,
    ),
    ...uploads.dropped.map(
      ({ id, reason, message }) => `Picture or page ${id} was given up (${reason}): ${message}`,
    ),
  ].map(printable);
}

/** `62 interactions, 61 pictures and 41 pages (2.6 MB)` */
export function describeSize(size: SourceSize): string {
  const parts = [
    count(size.interactions, 'interaction'),
    ...(size.screenshots ? [count(size.screenshots, 'picture')] : []),
    ...(size.snapshots ? [count(size.snapshots, 'page')] : []),
  ];
  const list = parts.length > 1 ? `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}` : parts[0];
  return size.bytes > 0 ? `${list}, ${bytes(size.bytes)}` : `${list}`;
}
