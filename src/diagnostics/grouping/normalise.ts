/** One kind of value that differs between two reports of the same trouble. */
type Step = {
  name: string;
  pattern: RegExp;
  replace: string | ((match: string, ...groups: string[]) => string);
};

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
    pattern: /[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,5}|\[EMAIL\]/gi,
    replace: '<email>',
  },
  {
    name: 'url',
    pattern:
      /\b(?:https?|wss?|ftp|file|blob|data|chrome-extension|moz-extension|safari-web-extension|postgres(?:ql)?|redis|mongodb(?:\+srv)?|amqps?|s3):\/{0,2}(?!<)[^\s"'`<>()[\]{}]+[^\s"'`<>()[\]{}.,:;!?]/gi,
    replace: '<url>',
  },
  {
    name: 'hostname',
    // Names of two labels are files and members of objects as well: only well-known endings count.
    pattern:
      /(?<![\w.@/<-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}(?:com|net|org|io|dev|app|co|ai|cloud|local|internal|lan|test|example|invalid|localhost|edu|gov|info|biz|me|us|uk|de|fr|eu|cn|jp|ru|br|in|nl|ch|at|es|it|pl|se|no|fi)(?![\w-])(?!\.\w|\()(?::\d{1,5})?|(?<![\w.@/<-])localhost(?::\d{1,5})?(?![\w.-])/gi,
    replace: '<hostname>',
  },
  {
    name: 'ip',
    pattern: new RegExp(
      `(?<![\\w.])(?:\\d{1,3}\\.){3}\\d{1,3}(?::\\d{1,5})?(?!\\w)(?!\\.\\d)|(?<![\\w:])(?:(?:${hex4}:){7}${hex4}|(?:${hex4}:){1,6}(?::${hex4}){1,6}|::(?:${hex4}:){0,5}${hex4}|(?:${hex4}:){2,7}:)(?![\\w:])|\\[IP\\]`,
      'gi',
    ),
    replace: '<ip>',
  },
  {
    name: 'traceparent',
    pattern: /\b[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b/gi,
    replace: '<traceparent>',
  },
  {
    name: 'uuid',
    pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
    replace: '<uuid>',
  },
  {
    name: 'id', // ULID (26 of Crockford's alphabet), cuid and cuid2 (25, 24), nanoid (21)
    pattern:
      /(?<![\w-])(?:[0-7][0-9A-HJKMNP-TV-Z]{25}|c[0-9a-z]{24}|(?=[a-z0-9]*\d)[a-z][0-9a-z]{23}|(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{21})(?![\w-])/g,
    replace: (match) => (isHex(match) ? match : '<id>'),
  },
  {
    name: 'did',
    pattern:
      /\bdid:[a-z0-9]+:[\w.:%-]+[\w%-]|\b12D3Koo\w{40,48}\b|\bQm[1-9A-HJ-NP-Za-km-z]{44}\b|\bb[a-z2-7]{58}\b/g,
    replace: '<peer>',
  },
  { name: 'sha1', pattern: /\b[0-9a-f]{40}\b/gi, replace: '<sha1>' },
  { name: 'md5', pattern: /\b[0-9a-f]{32}\b/gi, replace: '<md5>' },
  { name: 'extension id', pattern: /\b[a-p]{32}\b/g, replace: '<extension>' },
  {
    name: 'date',
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
    pattern:
      /(?<![\w.<])\d+(?:\.\d+)? ?(?:ns|µs|us|ms|msec|s|sec|secs|seconds?|milliseconds?|m|min|mins|minutes?|h|hours?|d|days?)(?![\w/])/gi,
    replace: '<duration>',
  },
  {
    name: 'hex',
    pattern:
      /\b0x[0-9a-f]+\b|(?<![\w-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])(?:[0-9a-f]{8}|[0-9a-f]{12,39}|[0-9a-f]{41,128})(?![\w-])/gi,
    replace: '<hex>',
  },
  {
    name: 'git sha',
    pattern: /(?<![\w-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,11}(?![\w-])/g,
    replace: '<git>',
  },
  {
    name: 'float',
    pattern: /(?<![\w.<])[+-]?\d+\.\d+(?:e[+-]?\d+)?(?![\w.]*\.\d)(?!\w)/gi,
    replace: '<float>',
  },
  {
    name: 'int',
    pattern: /(?<![\w.<])[+-]?\d+(?![\w])(?!\.\d)|(?<=[_#-])\d+(?![\w])/g,
    replace: '<int>',
  },
  {
    name: 'quoted',
    pattern: /=(?<open>["'])(?!<)(?:(?!\k<open>)[^\\]|\\.){0,256}\k<open>/g,
    replace: '=<quoted>',
  },
  { name: 'boolean', pattern: /=(?:true|false)\b/gi, replace: '=<boolean>' },
];

/**
 * A message without what differs from report to report: its first two lines that hold something, each
 * value replaced by the name of its kind. Idempotent and pure.
 */
export function normaliseMessage(message: string): string {
  let text = firstLines(message);
  // What was taken out can lay bare a neighbour that was no value of its own before: until nothing changes.
  for (let round = 0; round < maxRounds; round += 1) {
    const before = text;
    for (const { pattern, replace } of steps)
      text =
        typeof replace === 'string'
          ? text.replace(pattern, replace)
          : text.replace(pattern, replace);
    if (text === before) break;
  }
  return text;
}

function firstLines(message: string): string {
  return message
    .slice(0, maxChars)
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '')
    .slice(0, 2)
    .join('\n');
}

function isHex(text: string): boolean {
  return /^[0-9a-f]+$/i.test(text);
}
