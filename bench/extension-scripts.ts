import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export type SideName = 'alone' | 'ours' | 'rrweb' | 'rrwebPages';
export const sides: SideName[] = ['alone', 'ours', 'rrweb', 'rrwebPages'];

/** Has our side find the selectors of the element that was chosen before. */
export const selectorsEvent = 'bench-selectors';

/** Name of a recorder's script in a trace. */
export const scriptName = (side: SideName) => `recorder-${side}.js`;

const capture = fileURLToPath(new URL('../extension/capture', import.meta.url));

/**
 * What runs in the page besides the page itself. Both recorders write what they tell as JSON, as they
 * must to get it out of the page.
 *
 * @param isReadable with the names of its functions, for a profile
 */
export async function scriptOf(side: SideName, isReadable = false): Promise<string> {
  if (side === 'alone') return '';
  const text =
    side === 'ours' ? await bundleOurs(isReadable) : await bundleRrweb(side === 'rrwebPages');
  return `${text}\n//# sourceURL=${scriptName(side)}`;
}

async function bundleOurs(isReadable: boolean): Promise<string> {
  const entry = `
    import { reveal } from './restyle.ts';
    import { survey } from './survey.ts';
    import { awaitRest } from './rest.ts';
    import { startHearing } from './hearing.ts';
    import { selectorsOf } from './selectors.ts';
    import { sentSnapshotOf } from './outgoing.ts';
    let waiting = [];
    let chars = 0;
    const send = () => { chars += JSON.stringify(waiting).length; waiting = []; };
    startHearing({
      patience: 5, longestPatience: 30, takesChanges: true, finished: awaitRest,
      tell(message) {
        const sent = message.kind === 'snapshot' ? sentSnapshotOf(message, false) : message;
        if (waiting.push(sent) === 1) scheduler.postTask(send);
      },
    });
    /** Makes the page known as it is now; the event ${selectorsEvent} then finds selectors alone. */
    let chosen = null;
    globalThis.__choose = (element) => {
      chosen = element;
      reveal(element);
      survey(100);
    };
    document.addEventListener("${selectorsEvent}", () => selectorsOf(chosen));`;
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: capture, loader: 'ts' },
    bundle: true,
    write: false,
    minify: !isReadable,
    format: 'iife',
    target: 'chrome136',
  });
  return outputFiles[0]?.text ?? '';
}

/**
 * https://github.com/rrweb-io/rrweb with its own defaults; from the top it looks into frames by itself.
 *
 * @param hasPages the page before each action, too, as we have it: a full snapshot when a pointer goes
 *   down, and at the first key of a stretch of typing
 */
async function bundleRrweb(hasPages: boolean): Promise<string> {
  const main = createRequire(import.meta.url).resolve('rrweb');
  const library = await readFile(join(dirname(main), 'rrweb.umd.min.cjs'), 'utf8');
  const pages = `
    let isTyping = false;
    addEventListener('pointerdown', () => { isTyping = false; rrweb.record.takeFullSnapshot(); }, true);
    addEventListener('keydown', () => {
      if (!isTyping) rrweb.record.takeFullSnapshot();
      isTyping = true;
    }, true);`;
  // In a block: its variables would else replace functions of the window.
  return `if (window === top) { ${library}
    addEventListener('DOMContentLoaded', () => {
      let chars = 0;
      rrweb.record({ emit(event) { chars += JSON.stringify(event).length; } });
      ${hasPages ? pages : ''}
    }); }`;
}
