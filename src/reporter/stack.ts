import type { Frame } from './types.ts';

const mostFrames = 100;
/** `at name (place)`, `at async name (place)`, `at place`; the place may be an eval's, in parentheses of its own. */
const v8 = /^\s*at (?:async )?(?:(.+?) \(|)(.*?)(?::(\d+):(\d+))?\)?$/;
/** `name@place`: Firefox and Safari. Without a name, Safari leaves out the `@`, too. */
const gecko = /^(?:(.*)@|(?!.*\s))(.+?)(?::(\d+))?(?::(\d+))?$/;

/** The calls of a stack, the innermost last, at most the 100 innermost. Reads V8's, Firefox's and Safari's. */
export function framesOf(stack: unknown): Frame[] {
  const lines = typeof stack === 'string' ? stack.slice(0, 100_000).split('\n') : [];
  const frames = lines.flatMap(frameOf);
  return frames.slice(0, mostFrames).reverse();
}

function frameOf(text: string): Frame[] {
  const [, name, place, line, column] = (/^\s*at /.test(text) ? v8 : gecko).exec(text) ?? [];
  if (!place || !(line || /native|anonymous/.test(place))) return [];
  // V8: `eval at f (page.js:1:1), <anonymous>`. Firefox: `page.js line 3 > eval`.
  const file = place
    .replace(/^eval at .*\((.+?):\d+:\d+\).*$/, '$1')
    .replace(/ line \d+ > .*$/, '');
  return [
    {
      function: name?.slice(0, 512) || undefined,
      file: file.slice(0, 512),
      line: line ? Number(line) : undefined,
      column: column ? Number(column) : undefined,
    },
  ];
}
