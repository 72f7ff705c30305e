import type { Report } from '../../contract/report.ts';

type ReportFrame = Report['exceptions'][number]['frames'][number];

/** What of a frame counts. */
export type GroupedFrame = {
  /** Lower-cased base name without the bundler's hash; `null` where it says nothing. */
  file: string | null;
  /** Last segment of the name; `null` for an anonymous one. */
  function: string | null;
  isInApp: boolean;
};

/**
 * The frames that count, in their order (the innermost last): without eval, native code and repeats.
 * Pure.
 */
export function groupedFrames(frames: readonly ReportFrame[]): GroupedFrame[] {
  const grouped: GroupedFrame[] = [];
  for (const frame of frames) {
    if (isEvaluated(frame) || isNative(frame)) continue;
    const made = {
      file: fileOf(frame.file ?? ''),
      function: functionOf(frame.function ?? ''),
      isInApp: frame.isInApp ?? isOwn(frame.file ?? ''),
    };
    if (made.file === null && made.function === null) continue;
    const last = grouped.at(-1);
    if (last && last.file === made.file && last.function === made.function) {
      last.isInApp ||= made.isInApp; // recursion
      continue;
    }
    grouped.push(made);
  }
  return grouped;
}

/**
 * Base name of a file, lower-cased, without origin, query and the hash that a bundler put into it:
 * `https://cdn.example.org/assets/Main-3fA9c01b.js?v=7` is `main.js`. `null` for an address of an
 * origin alone, `<anonymous>` and native code.
 */
export const fileOf = remembered((file): string | null => {
  if (file === '' || /^(?:<[^>]*>|native|\[native code\]|native code|unknown)$/i.test(file))
    return null;
  const path = file
    .replace(
      /^(?:webpack|webpack-internal|rsc|vite|ng|file|https?|blob|node|app|capacitor|[a-z-]+-extension):\/*/i,
      (scheme) => (/^(?:https?|blob|[a-z-]+-extension):/i.test(scheme) ? '//' : '/'),
    )
    .replace(/[?#].*$/s, '');
  // `//host/path`: the host is no file.
  const local = path.startsWith('//') ? path.replace(/^\/\/[^/\\]*/, '') : path;
  const base = local.split(/[/\\]/).at(-1) ?? '';
  if (base === '') return null;
  const clean = withoutHash(base).toLowerCase();
  return clean === '' ? null : clean;
});

/** `main-3fa9c01b.js`, `main.3fa9c01b.chunk.js`, `main_3fa9c01b.js`, `3fa9c01b.js` and `chunk-ABCD1234.js`. */
function withoutHash(base: string): string {
  const parts =
    /^(.*?)((?:\.(?:min|chunk|bundle|esm|cjs|umd|module|prod|production|legacy|worker|iife))*\.(?:[cm]?[jt]sx?|vue|svelte|css|wasm|json|map))$/i.exec(
      base,
    );
  if (!parts) return base;
  const [, stem = '', ending = ''] = parts;
  if (isHash(stem)) return `<hash>${ending}`;
  const cut = /^(.+?)[-._~]([0-9A-Za-z_-]{6,64})$/.exec(stem);
  if (cut) {
    // A hash may hold the separator itself (base64url): the shortest stem whose rest is one wins.
    for (let at = 1; at < stem.length; at += 1)
      if (/[-._~]/.test(stem[at] ?? '') && isHash(stem.slice(at + 1)))
        return stem.slice(0, at) + ending;
  }
  return stem + ending;
}

/**
 * Whether a part of a name is a bundler's hash: 8 and more hexadecimal digits (webpack), 8 of base32 in
 * capitals (esbuild), 8 of base64url with a capital, a small letter or a digit mixed (Rollup, Vite).
 */
function isHash(part: string): boolean {
  if (/^[0-9a-f]{8,64}$/.test(part)) return /\d/.test(part) || part.length >= 16;
  if (/^[A-Z2-7]{8}$/.test(part)) return true;
  if (!/^[0-9A-Za-z_-]{8}$/.test(part) && !/^[0-9A-Za-z_]{20,32}$/.test(part)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[_-]/].filter((kind) => kind.test(part)).length;
  if (kinds < 2) return false;
  // `userList`, `fetch-api` and `v2` are words: a hash changes its kind of character more often.
  const changes = part
    .slice(1)
    .split('')
    .filter((char, index) => kindOf(char) !== kindOf(part[index] ?? '')).length;
  return changes >= 3 || (/\d/.test(part) && /[A-Z]/.test(part) && changes >= 2);
}

function kindOf(char: string): number {
  if (/\d/.test(char)) return 0;
  if (/[a-z]/.test(char)) return 1;
  return /[A-Z]/.test(char) ? 2 : 3;
}

/**
 * Last dotted segment of a function's name without what engines add: `async Object.<anonymous>`,
 * `new Foo`, `a.b.c [as d]`, `HTMLButtonElement.onclick`. `null` for an anonymous one.
 */
export const functionOf = remembered((name): string | null => {
  const last =
    name
      .replace(/\s*\[as [^\]]*\]\s*$/, '')
      .replace(/^(?:async|new|get|set|static|Module)\s+/g, '')
      .replace(/\(.*\)$/s, '')
      .replace(/[/<]+$/, '') // Firefox: `outer/<`
      .split(/[.#]|::|\//)
      .filter((segment) => segment !== '')
      .at(-1)
      ?.trim() ?? '';
  if (
    last === '' ||
    /^(?:<?anonymous(?: function)?>?|\?|<unknown>|unknown|<lambda>|lambda|\(anonymous\)|eval|<computed>|global code|module code|__webpack_require__|callback\$\d+)$/i.test(
      last,
    )
  )
    return null;
  return last.replace(/(?<=\D)\$\d+$/, ''); // bundlers number equal names: `render$1`
});

/** Whether a file is the platform's own: not a library's, the runtime's or another extension's. */
export const isOwn = remembered(
  (file): boolean =>
    file !== '' &&
    !/(?:^|[/\\])(?:node_modules|bower_components|vendor|\.yarn|\.pnpm|site-packages|internal\/(?:process|modules|timers|deps))(?:[/\\]|$)/i.test(
      file,
    ) &&
    !/^(?:node:|internal\/|native|<anonymous>|\[native code\]|webpack\/(?:runtime|bootstrap)|(?:moz|safari-web)-extension:)/i.test(
      file,
    ),
);

function isEvaluated({ file, function: name }: ReportFrame): boolean {
  return (
    /^eval at |\beval at\b|> eval\b|^debugger eval code$|^evalmachine/i.test(file ?? '') ||
    name === 'eval'
  );
}

function isNative({ file }: ReportFrame): boolean {
  return /^(?:native|\[native code\]|native code|native array\.js)$/i.test(file ?? '');
}

/** Names and files repeat from report to report; the memory is emptied when a client invents too many. */
function remembered<T>(decide: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = decide(text);
    if (known.size >= 5_000) known.clear();
    if (text.length <= 500) known.set(text, made);
    return made;
  };
}
