/** One kind of value that differs between two reports of the same trouble. */
type Step = {
  name: string;
  /** Signs without any of which the pattern matches nowhere. */
  needs: number;
  pattern: RegExp;
  replace: string | ((match: string, ...groups: string[]) => string);
};

// What of a text is seen in one pass; most messages hold little, and most patterns need not be tried.
const digits = 1;
const at = 2;
const bracket = 4; // `[`
const colon = 8;
const dot = 16;
const equals = 32;
/** Twenty and more letters, digits, `_` and `-` in a row. */
const longRun = 64;
/** The beginning of `localhost`, the only name of a host without a dot. */
const local = 128;
/** White space other than single spaces between words. */
const whiteSpace = 256;

const longRunChars = 20;
/** Of a character: it can be in a run. */
const inRun = 512;
const signOfCode = codeSigns();

/** Longest text that is looked at; what follows tells nothing new and costs time. */
const maxChars = 2_048;
const maxRounds = 10;

const hex4 = '[0-9a-f]{1,4}';
const month = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*';
const weekday = '(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*';

/**
 * The values, in the order in which they are taken out: a longer or more telling form before one that
 * would eat a part of it. Each pattern is linear in the text and none matches what another one left.
 */
export const steps: readonly Step[] = [
  {
    name: 'email',
    needs: at | bracket,
    pattern: /[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}|\[EMAIL\]/gi,
    replace: '<email>',
  },
  {
    name: 'url',
    needs: colon,
    pattern:
      /\b(?:https?|wss?|ftp|file|blob|data|chrome-extension|moz-extension|safari-web-extension|postgres(?:ql)?|redis|mongodb(?:\+srv)?|amqps?|s3):\/{0,2}(?!<)[^\s"'`<>()[\]{}]+[^\s"'`<>()[\]{}.,:;!?]/gi,
    replace: '<url>',
  },
  {
    name: 'hostname',
    needs: dot | local,
    // Names of two labels are files and members of objects as well: only well-known endings count.
    pattern:
      /(?<![\w.@/<-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}(?:com|net|org|io|dev|app|co|ai|cloud|local|internal|lan|test|example|invalid|localhost|edu|gov|info|biz|me|us|uk|de|fr|eu|cn|jp|ru|br|in|nl|ch|at|es|it|pl|se|no|fi)(?![\w-])(?!\.\w|\()(?::\d{1,5})?|(?<![\w.@/<-])localhost(?::\d{1,5})?(?![\w.-])/gi,
    replace: '<hostname>',
  },
  {
    name: 'ip',
    needs: dot | colon | bracket,
    pattern: new RegExp(
      `(?<![\\w.])(?:\\d{1,3}\\.){3}\\d{1,3}(?::\\d{1,5})?(?!\\w)(?!\\.\\d)|(?<![\\w:])(?:(?:${hex4}:){7}${hex4}|(?:${hex4}:){1,6}(?::${hex4}){1,6}|::(?:${hex4}:){0,5}${hex4}|(?:${hex4}:){2,7}:)(?![\\w:])|\\[IP\\]`,
      'gi',
    ),
    replace: '<ip>',
  },
  {
    name: 'traceparent',
    needs: longRun,
    pattern: /\b[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b/gi,
    replace: '<traceparent>',
  },
  {
    name: 'uuid',
    needs: longRun,
    pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
    replace: '<uuid>',
  },
  {
    name: 'id',
    needs: longRun, // ULID (26 of Crockford's alphabet), cuid and cuid2 (25, 24), nanoid (21)
    pattern:
      /(?<![\w-])(?:[0-7][0-9A-HJKMNP-TV-Z]{25}|c[0-9a-z]{24}|(?=[a-z0-9]*\d)[a-z][0-9a-z]{23}|(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{21})(?![\w-])/g,
    replace: (match) => (isHex(match) ? match : '<id>'),
  },
  {
    name: 'did',
    needs: colon | longRun,
    pattern:
      /\bdid:[a-z0-9]+:[\w.:%-]+[\w%-]|\b12D3Koo\w{40,48}\b|\bQm[1-9A-HJ-NP-Za-km-z]{44}\b|\bb[a-z2-7]{58}\b/g,
    replace: '<peer>',
  },
  { name: 'sha1', needs: longRun, pattern: /\b[0-9a-f]{40}\b/gi, replace: '<sha1>' },
  { name: 'md5', needs: longRun, pattern: /\b[0-9a-f]{32}\b/gi, replace: '<md5>' },
  { name: 'extension id', needs: longRun, pattern: /\b[a-p]{32}\b/g, replace: '<extension>' },
  {
    name: 'date',
    needs: digits,
    pattern: new RegExp(
      [
        '\\b\\d{4}-\\d{2}-\\d{2}(?:[T ]\\d{2}:\\d{2}(?::\\d{2}(?:[.,]\\d{1,9})?)?(?: ?(?:Z|[+-]\\d{2}:?\\d{2}))?)?\\b',
        `\\b(?:${weekday},? )?${month}\\.? \\d{1,2},? \\d{4}(?: \\d{2}:\\d{2}:\\d{2}(?: GMT[+-]\\d{4}(?: \\([^)]{1,40}\\))?)?)?`,
        `\\b(?:${weekday},? )?\\d{1,2} ${month}\\.? \\d{4}(?: \\d{2}:\\d{2}:\\d{2}(?: (?:GMT|UTC|[+-]\\d{4}))?)?`,
        '\\b\\d{1,2}/\\d{1,2}/\\d{2,4}\\b',
        '\\b\\d{2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?\\b',
      ].join('|'),
      'gi',
    ),
    replace: '<date>',
  },
  {
    name: 'duration',
    needs: digits,
    pattern:
      /(?<![\w.<])\d+(?:\.\d+)? ?(?:ns|µs|us|ms|msec|s|sec|secs|seconds?|milliseconds?|m|min|mins|minutes?|h|hours?|d|days?)(?![\w/])/gi,
    replace: '<duration>',
  },
  {
    name: 'hex',
    needs: digits,
    pattern:
      /\b0x[0-9a-f]+\b|(?<![\w-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])(?:[0-9a-f]{8}|[0-9a-f]{12,39}|[0-9a-f]{41,128})(?![\w-])/gi,
    replace: '<hex>',
  },
  {
    name: 'git sha',
    needs: digits,
    pattern: /(?<![\w-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,11}(?![\w-])/g,
    replace: '<git>',
  },
  {
    name: 'float',
    needs: digits,
    pattern: /(?<![\w.<])[+-]?\d+\.\d+(?:e[+-]?\d+)?(?![\w.]*\.\d)(?!\w)/gi,
    replace: '<float>',
  },
  {
    name: 'int',
    needs: digits,
    pattern: /(?<![\w.<])[+-]?\d+(?![\w])(?!\.\d)|(?<=[_#-])\d+(?![\w])/g,
    replace: '<int>',
  },
  {
    name: 'quoted',
    needs: equals,
    pattern: /=(?<open>["'])(?!<)(?:(?!\k<open>)[^\\]|\\.){0,256}\k<open>/g,
    replace: '=<quoted>',
  },
  { name: 'boolean', needs: equals, pattern: /=(?:true|false)\b/gi, replace: '=<boolean>' },
];

/**
 * A message without what differs from report to report: its first two lines that hold something, each
 * value replaced by the name of its kind. Idempotent and pure.
 */
export function normaliseMessage(message: string): string {
  let signs = signsOf(message);
  let text = signs & whiteSpace || message.length > maxChars ? firstLines(message) : message;
  // What was taken out can lay bare a neighbour that was no value of its own before: until nothing changes.
  for (let round = 0; round < maxRounds; round += 1) {
    const before = text;
    for (const { needs, pattern, replace } of steps)
      if (signs & needs)
        text =
          typeof replace === 'string'
            ? text.replace(pattern, replace)
            : text.replace(pattern, replace);
    if (text === before) break;
    signs = signsOf(text); // what replaces values has no sign that was not there before
  }
  return text;
}

function firstLines(message: string): string {
  // Half of a pair that was cut in two could not be stored.
  const isCut = message.length > maxChars;
  return (isCut ? message.slice(0, maxChars).replace(/[\ud800-\udbff]$/, '') : message)
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '')
    .slice(0, 2)
    .join('\n');
}

function signsOf(text: string): number {
  const length = Math.min(text.length, maxChars);
  let signs = 0;
  let run = 0;
  let last = 0x20; // a space at the beginning is one too many
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    let sign = code < 128 ? (signOfCode[code] ?? 0) : code >= 0xa0 ? whiteSpace : 0;
    if (sign & local && !/^loc/i.test(text.slice(index, index + 3))) sign &= ~local;
    signs |= sign & ~inRun;
    run = sign & inRun ? run + 1 : 0;
    if (run === longRunChars) signs |= longRun;
    if (code === 0x20 && last === 0x20) signs |= whiteSpace;
    last = code;
  }
  return last === 0x20 ? signs | whiteSpace : signs;
}

function isHex(text: string): boolean {
  return /^[0-9a-f]+$/i.test(text);
}

function codeSigns(): Uint16Array {
  const table = new Uint16Array(128);
  for (let code = 0; code < 128; code += 1) {
    const char = String.fromCharCode(code);
    if (/[\w-]/.test(char)) table[code] = inRun;
    if (/\s/.test(char) && char !== ' ') table[code] = whiteSpace;
  }
  const signs: [string, number][] = [
    ['0123456789', digits],
    ['@', at],
    ['[', bracket],
    [':', colon],
    ['.', dot],
    ['=', equals],
    ['lL', local],
  ];
  for (const [chars, sign] of signs)
    for (const char of chars) {
      const code = char.charCodeAt(0);
      table[code] = (table[code] ?? 0) | sign;
    }
  return table;
}
