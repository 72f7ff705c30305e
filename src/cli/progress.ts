import { MultiBar, type SingleBar } from 'cli-progress';
import { bar, paint, print, seconds } from './print.ts';

/** One line that says how far something is. */
export type Line = {
  /** @param share 0 to 1 */
  set(share: number, detail: string): void;
  /** Its last word. @param elapsedMs what it really took, where that is known better */
  end(detail: string, how?: { isBad?: boolean; elapsedMs?: number }): void;
};

/** Lines that move on a terminal; elsewhere each is printed once, at its end. */
export type Board = { line(name: string): Line; close(): void };

const nameColumns = 18;
const frameRate = 12;

/** @param out where the lines move; what is printed once goes to standard output */
export function openBoard(out: NodeJS.WriteStream = process.stdout): Board {
  return out.isTTY ? openMovingBoard(out) : openPlainBoard();
}

function openMovingBoard(stream: NodeJS.WriteStream): Board {
  const board = new MultiBar({
    stream,
    format: (_options, { progress }, payload: { name: string; detail: string; elapsed: string }) =>
      `  ${payload.name.padEnd(nameColumns)}${bar(progress)}  ${payload.elapsed.padStart(6)}  ${payload.detail}`,
    hideCursor: true,
    fps: frameRate,
    barsize: 20,
    stopOnComplete: false,
    clearOnComplete: false,
    linewrap: false,
  });
  return {
    line(name) {
      let begunAt: number | null = null;
      const one: SingleBar = board.create(1, 0, { name, detail: '', elapsed: '' });
      const elapsed = () => (begunAt === null ? '' : seconds(performance.now() - begunAt));
      return {
        set(share, detail) {
          begunAt ??= performance.now();
          one.update(Math.min(1, share), { detail: paint.faint(detail), elapsed: elapsed() });
        },
        end(detail, { isBad = false, elapsedMs } = {}) {
          const took = elapsedMs === undefined ? elapsed() : seconds(elapsedMs);
          const said = isBad ? paint.bad(detail) : detail;
          one.update(isBad ? one.getProgress() : 1, { detail: said, elapsed: took });
        },
      };
    },
    close: () => board.stop(),
  };
}

function openPlainBoard(): Board {
  return {
    line(name) {
      let begunAt: number | null = null;
      return {
        set() {
          begunAt ??= performance.now();
        },
        end(detail, { isBad = false, elapsedMs } = {}) {
          const took = elapsedMs ?? (begunAt === null ? 0 : performance.now() - begunAt);
          const said = isBad ? `failed: ${detail}` : detail;
          print(`  ${name.padEnd(nameColumns)}${seconds(took).padStart(6)}  ${said}`);
        },
      };
    },
    close: () => undefined,
  };
}
