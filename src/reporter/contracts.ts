import { guarded, isOnline, later, type Safely } from './host.ts';
import type { Category, Details, Deviation, Violation } from './types.ts';

/** How a service was promised to answer. */
export type Contract = {
  /** Name of the operation, for GraphQL its name in the document. */
  operation: string;
  /** Hash under which the contract is registered. */
  hash?: string;
  /** For HTTP. Default GET. */
  method?: string;
  /** For HTTP: path of the address; `*` stands for one part of it. */
  path?: string;
  /** Of the body that is sent, or of the variables. */
  parameters?: Schema | Check;
  /** Of the body that comes, or of `data`. */
  response?: Schema | Check;
  /** Longest wait for an answer. Default 10,000. */
  timeoutMs?: number;
};

/** A checker that knows more of JSON Schema than the reporter, for example one that Ajv compiled. */
export type Check = (value: unknown) => Deviation[];

/** The part of JSON Schema 2020-12 that is checked here; all else is let through. */
export type Schema = {
  type?: string | readonly string[];
  required?: readonly string[];
  properties?: Record<string, Schema>;
  items?: Schema;
};

export type Tell = (message: string, details: Details) => void;

/** Hears of every call under a contract when it begins, and again with the answer that was checked. */
export type OnCall = (contract: Contract, answer?: unknown) => void;

/** One call under a contract, from its sending to its answer. None of it throws. */
export type Call = {
  sent(value: unknown): void;
  /** Something came. @param status of HTTP; 200 where there is none */
  heard(status: number): void;
  /** What came: `undefined` where it is not JSON. */
  answered(value: unknown): void;
  /** What came of GraphQL. */
  resulted(result: unknown): void;
  /** Nothing came. @param isLate somebody gave up waiting, because it took too long */
  failed(isLate: boolean, response?: Details['response']): void;
  /** Nobody wants to know any more. */
  forget(): void;
};

const broken = 'CONTRACT_VIOLATION';
const most = 50; // deviations, and items of one list that are looked at

/** Every way in which a value departs from a schema, at most 50; types and names only, never a value. */
export function deviationsOf(schema: Schema | Check = {}, value: unknown): Deviation[] {
  if (typeof schema === 'function') return schema(value);
  const found: Deviation[] = [];
  const look = (rule: Schema, at: unknown, pointer: string): void => {
    if (found.length >= most) return;
    const add = (keyword: string, expected: string, actual: string, where = pointer) =>
      found.push({ pointer: where, keyword, expected, actual });
    const actual = kindOf(at);
    const types = rule.type && [rule.type].flat();
    if (types && !types.includes(actual) && !(actual === 'integer' && types.includes('number')))
      return void add('type', types.join('|'), actual);
    if (Array.isArray(at)) {
      for (const item of at.slice(0, most)) look(rule.items ?? {}, item, `${pointer}/*`);
    } else if (at instanceof Object) {
      const members = at as Record<string, unknown>;
      const below = (name: string) => `${pointer}/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`;
      for (const name of rule.required ?? [])
        if (members[name] === undefined) add('required', 'present', 'absent', below(name));
      for (const [name, inner] of Object.entries(rule.properties ?? {}))
        if (members[name] !== undefined) look(inner, members[name], below(name));
    }
  };
  look(schema, value, '');
  return found;
}

/**
 * Begins a call; the clock of its timeout runs.
 *
 * @param contract absent: only what every service owes is looked at
 * @param name of the operation, where there is no contract to name it
 */
export function beginCall(
  { tell, safely, onCall }: { tell: Tell; safely: Safely; onCall: OnCall | undefined },
  contract: Contract | undefined,
  name: string,
  details: Details,
): Call {
  const { operation = name, hash, parameters, response, timeoutMs = 10_000 } = contract ?? {};
  const begunAt = performance.now();
  let isOver = false;
  let forget = () => {};
  const emit = (
    category: Category,
    violation?: Violation,
    more: NonNullable<Details['response']> = {},
    what: Details['contract'] = {},
  ): void => {
    const reason = more.code ?? more.status ?? '';
    const durationMs = Math.round(performance.now() - begunAt);
    tell(`${operation}: ${violation ?? category} ${reason}`, {
      ...details,
      category,
      contract: { operation, hash, violation, ...what },
      response: { durationMs, ...more },
    });
  };
  const timedOut = (isLate: boolean): void => {
    // Without a network there is nobody to blame.
    if (isOnline()) emit('NETWORK_TIMEOUT', 'TIMEOUT', {}, { isLate });
  };
  // An answer may still follow, and the report says whether one did.
  if (contract) {
    forget = later(() => {
      isOver = true;
      forget = later(() => {
        isOver = false;
        timedOut(false);
      }, timeoutMs);
    }, timeoutMs);
    safely(() => onCall?.(contract));
  }
  const check = (
    violation: Violation,
    schema: Schema | Check | undefined,
    value: unknown,
  ): void => {
    const deviations = deviationsOf(schema, value);
    const pointer = deviations[0]?.pointer;
    if (deviations.length) emit(broken, violation, {}, { pointer, deviations });
  };
  const answered = (value: unknown): void => {
    if (value === undefined) emit(broken, 'RESPONSE_SCHEMA_ERROR', { code: 'NOT_JSON' });
    else {
      check('RESPONSE_SCHEMA_ERROR', response, value);
      if (contract) onCall?.(contract, value);
    }
  };
  const failed = (isLate: boolean, more?: Details['response']): void => {
    forget();
    if (isOver || isLate) timedOut(false);
    else if (isOnline()) emit('SERVICE_UNAVAILABLE', 'UNAVAILABLE', more);
  };
  const calls: Call = {
    sent: (value) => check('PARAM_MISMATCH', parameters, value),
    heard(status) {
      if (status >= 502 && status <= 504) return failed(false, { status });
      forget();
      if (isOver) timedOut(true);
      const [category, violation] = byStatus[status] ?? [];
      if (category) emit(category, violation, { status });
    },
    answered,
    resulted(result) {
      const { data, errors } = (result ?? {}) as Result;
      const code = errors
        ?.map((error) => String(error.extensions?.code))
        .find((one) => bad.test(one));
      if (code) emit(broken, 'PARAM_MISMATCH', { code });
      // Where there is an error, it says why something of the data is missing.
      if (!errors?.length) answered(data);
    },
    failed,
    forget: () => forget(),
  };
  return guarded(calls, safely);
}

type Result = { data?: unknown; errors?: readonly { extensions?: { code?: unknown } }[] };

const bad = /BAD_USER_INPUT|VALIDATION_FAILED|PARSE_FAILED/;
const byStatus: Record<number, [Category, Violation?]> = {
  400: [broken, 'PARAM_MISMATCH'],
  401: ['AUTH_EXPIRED'],
  403: ['PERMISSION_DENIED'],
  422: [broken, 'PARAM_MISMATCH'],
  429: ['RATE_LIMIT_EXCEEDED'],
};

/** The type of a value, in the words of JSON Schema. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
