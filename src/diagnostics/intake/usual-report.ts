import {
  contractViolations,
  type Report,
  reportCategories,
  reportLimits,
  reportPlatforms,
  reportResolutions,
  reportSeverities,
} from '../../contract/report.ts';
import { isStorable } from '../../contract/text.ts';

/**
 * Whether a value fits, and how long its JSON is at most, in UTF-16 code units; `unusual` where the schema
 * has to judge.
 */
type Check = (value: unknown) => number;

const unusual = -1;
const noneChars = 4; // `null`
const numberChars = 25; // `-1.2345678901234567e-300`
const escapedChars = 6; // of one character at most: `\u001f`

/**
 * Whether a value is a report as nearly all are: one that the schema takes and gives back as it is. Reads it
 * once, in a tenth of the schema's time; what is unusual in any way, also what is wrong, is the schema's to
 * judge. It never says yes where the schema says no (`usual-report.test.ts`).
 */
export function isUsualReport(value: unknown): value is Report {
  const chars = report(value);
  // It may still be short enough where each character needs escaping and does not get it.
  return chars !== unusual && chars <= reportLimits.reportChars;
}

const text =
  (maxChars: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= maxChars && isStorable(value)
      ? value.length * escapedChars + 2
      : unusual;

const pattern =
  (form: RegExp): Check =>
  (value) =>
    typeof value === 'string' && form.test(value) ? value.length + 2 : unusual;

const oneOf = (names: readonly string[]): Check => {
  const known = new Set<unknown>(names);
  return (value) => (known.has(value) ? 64 : unusual);
};

const maybe =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined ? noneChars : check(value);

const flag: Check = (value) => (typeof value === 'boolean' ? 5 : unusual);

const count: Check = (value) =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 2 ** 31 - 1
    ? numberChars
    : unusual;

const positive: Check = (value) =>
  Number.isFinite(value) && Number(value) >= 0 ? numberChars : unusual;

const list =
  (item: Check, most: number): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length > most) return unusual;
    let chars = 2;
    for (const each of value) {
      const one = item(each);
      if (one === unusual) return unusual;
      chars += one + 1;
    }
    return chars;
  };

/** An object with these fields and no others; those that are required must be there. */
const object = (required: Record<string, Check>, optional: Record<string, Check>): Check => {
  const checks = new Map(Object.entries({ ...optional, ...required }));
  const needed = Object.keys(required);
  return (value) => {
    if (!isPlain(value)) return unusual;
    let chars = 2;
    for (const key in value) {
      const one = checks.get(key)?.(value[key]) ?? unusual;
      if (one === unusual) return unusual;
      chars += key.length + 4 + one;
    }
    for (const key of needed) if (value[key] === undefined) return unusual;
    return chars;
  };
};

/** Names and values. */
const entries: Check = (value) => {
  if (!isPlain(value)) return unusual;
  let chars = 2;
  let left: number = reportLimits.entries;
  for (const key in value) {
    const [name, one] = [entryName(key), line(value[key])];
    left -= 1;
    if (left < 0 || name === unusual || one === unusual || key === '__proto__') return unusual;
    chars += name + 2 + one;
  }
  return chars;
};

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const uuid = pattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i);
const traceId = pattern(/^[0-9a-f]{32}$/);
/** Without leap days and offsets, which are for the schema. */
const instant = pattern(
  /^\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/,
);
const name = text(512);
const line = text(2_048);
const message = text(reportLimits.messageChars);
const entryName = text(128);
const word = text(64);

const frame = object(
  {},
  {
    file: maybe(line),
    function: maybe(name),
    line: maybe(count),
    column: maybe(count),
    isInApp: maybe(flag),
  },
);

const exception = object(
  { frames: list(frame, reportLimits.frames) },
  { type: maybe(name), message: maybe(message) },
);

const breadcrumb = object({ at: instant, kind: word }, { message: maybe(line) });

const step: Check = (value) => (typeof value === 'string' ? name(value) : count(value));

const request = object(
  {},
  {
    method: maybe(text(16)),
    url: maybe(text(4_096)),
    operationName: maybe(name),
    headers: maybe(entries),
  },
);

const response = object(
  {},
  {
    status: maybe(count),
    code: maybe(name),
    path: maybe(list(step, 64)),
    closeCode: maybe(count),
    headers: maybe(entries),
    durationMs: maybe(positive),
  },
);

const database = object(
  {},
  {
    code: maybe(text(16)),
    table: maybe(name),
    constraint: maybe(name),
    queryShape: maybe(text(4_096)),
  },
);

const deviation = object(
  { pointer: line, keyword: word, expected: text(128), actual: text(128) },
  {},
);

const contract = object(
  {},
  {
    hash: maybe(word),
    operation: maybe(name),
    violation: maybe(oneOf(contractViolations)),
    pointer: maybe(line),
    deviations: maybe(list(deviation, reportLimits.deviations)),
    isLate: maybe(flag),
  },
);

const sync = object(
  {},
  {
    type: maybe(word),
    source: maybe(name),
    target: maybe(name),
    entityType: maybe(name),
    pendingOperations: maybe(count),
    lastSyncedAt: maybe(instant),
  },
);

const environment = object(
  {},
  { release: maybe(name), name: maybe(name), runtime: maybe(name), os: maybe(name) },
);

const debug = object(
  {},
  {
    breadcrumbs: maybe(list(breadcrumb, reportLimits.breadcrumbs)),
    storage: maybe(list(object({ name, bytes: count }, {}), reportLimits.breadcrumbs)),
  },
);

const report = object(
  {
    id: uuid,
    occurredAt: instant,
    exceptions: list(exception, reportLimits.exceptions),
    platform: oneOf(reportPlatforms),
  },
  {
    category: maybe(oneOf(reportCategories)),
    severity: maybe(oneOf(reportSeverities)),
    message: maybe(message),
    fingerprint: maybe(list(line, reportLimits.fingerprintParts)),
    source: maybe(object({ service: name }, { module: maybe(name), function: maybe(name) })),
    correlationId: maybe(traceId),
    request: maybe(request),
    response: maybe(response),
    database: maybe(database),
    contract: maybe(contract),
    sync: maybe(sync),
    environment: maybe(environment),
    user: maybe(object({ id: name }, {})),
    debug: maybe(debug),
    resolution: maybe(object({ state: oneOf(reportResolutions) }, { note: maybe(line) })),
    tags: maybe(entries),
  },
);
