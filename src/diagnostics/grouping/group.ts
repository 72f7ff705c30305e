import { createHash } from 'node:crypto';
import type { Report, ReportCategory } from '../../contract/report.ts';
import { functionOf, type GroupedFrame, groupedFrames } from './frames.ts';
import { normaliseMessage } from './normalise.ts';
import { fits, type GroupingRule, looksAtFrames, type RuleSubject } from './rules.ts';

/** Raised when equal reports would get another hash than before. */
export const groupingVersion = 1;

/** Why a report is grouped as it is, for people. */
export type Explanation = {
  version: number;
  /** Which way was taken. */
  way: Way;
  /** The project's rule that decided. `null` where none did. */
  rule: string | null;
  /** What was looked at, in order. */
  parts: ExplainedPart[];
  /** Parts that are not listed because there are too many. */
  omitted: number;
};

export type Way = 'CLIENT' | 'RULE' | 'IN_APP_FRAMES' | 'SYSTEM_FRAMES' | 'MESSAGE' | 'CATEGORY';

/** One thing of a report that was looked at. */
export type ExplainedPart = {
  /** For example `type`, `frame`, `message`, `sqlstate`. */
  kind: string;
  value: string;
  counts: boolean;
  /** Why it counts or not. */
  why: string;
};

export type Grouping = {
  hash: Buffer;
  /** The hash in hexadecimal digits. */
  name: string;
  explanation: Explanation;
  /** At most 200 characters. */
  title: string;
  culprit: string | null;
};

type Exception = Report['exceptions'][number];

/** A chained error with what counts of it. */
type Link = {
  type: string | null;
  message: string;
  frames: (GroupedFrame & { isWrapper: boolean })[];
};

const maxTitle = 200;
const maxExplained = 80;

/**
 * Names under which code stands that many different troubles pass through: requests, queries,
 * assertions, helpers that throw. What fails there is told apart by its message.
 */
const wrapper =
  /^(?:assert\w*|invariant|ensure|must|check(?:Status|Response|Ok)?|fail(?:ed)?|raise|throw\w*|panic|unreachable|(?:handle|on|make|create|to|wrap|report)(?:Api|Http|Network|Request|Response|Graph[qQ][lL])?Errors?|handleResponse|parseResponse|request|fetch(?:Json|er|Api|Data)?|http(?:Get|Post|Request)?|api(?:Call|Request|Fetch)?|send(?:Request)?|graphql|query|execute|\$?(?:executeRaw|queryRaw)\w*|retry|withRetry|withTimeout|tryCatch|safely|wrap(?:ped)?)$/;

/**
 * What a report is grouped by, in this order: the fingerprint that its client gave, the project's
 * rules, the default. Pure.
 *
 * @param report redacted, its frames mapped to their sources where maps were there
 * @param category as classified
 */
export function groupReport(
  report: Report,
  category: ReportCategory,
  rules: readonly GroupingRule[] = [],
): Grouping {
  const subject: RuleSubject = {
    types: report.exceptions.flatMap(({ type }) => (type ? [type] : [])),
    messages: [...report.exceptions.map(({ message }) => message), report.message].filter(
      (message) => message != null,
    ),
    category,
    service: report.source?.service ?? '',
  };
  const links = report.exceptions.map((exception) => linkOf(exception, subject, rules));
  const given = report.fingerprint?.filter((part) => part.trim() !== '') ?? [];
  const rule = given.length > 0 ? null : ruleFor(report, subject, rules);
  const wanted = rule ? partsOf(rule) : given;
  const byDefault = defaultGrouping(report, links, category);
  const { way, parts } =
    wanted.length === 0 || (wanted.length === 1 && nameOf(wanted[0] ?? '') === 'default')
      ? byDefault
      : {
          way: rule ? ('RULE' as const) : ('CLIENT' as const),
          parts: fill(wanted, byDefault.parts, { report, links, category }),
        };
  const hash = hashOf(parts);
  return {
    hash,
    name: hash.toString('hex'),
    explanation: {
      version: groupingVersion,
      way,
      rule: rule?.text ?? null,
      parts: parts.slice(0, maxExplained),
      omitted: Math.max(0, parts.length - maxExplained),
    },
    title: titleOf(report, category),
    culprit: culpritOf(links),
  };
}

/** SHA-256 over the version and each part that counts, with its kind. */
function hashOf(parts: ExplainedPart[]): Buffer {
  const counting = parts.filter(({ counts }) => counts).map(({ kind, value }) => [kind, value]);
  return createHash('sha256')
    .update(JSON.stringify([groupingVersion, counting]))
    .digest();
}

function ruleFor(
  report: Report,
  subject: RuleSubject,
  rules: readonly GroupingRule[],
): GroupingRule | null {
  const decides = (rule: GroupingRule) => {
    if (rule.action.kind !== 'fingerprint') return false;
    if (!looksAtFrames(rule)) return fits(rule, subject, null);
    return report.exceptions.some(({ frames }) =>
      frames.some((frame) =>
        fits(rule, subject, { file: frame.file ?? '', function: frame.function ?? '' }),
      ),
    );
  };
  return rules.find(decides) ?? null;
}

function partsOf({ action }: GroupingRule): string[] {
  return action.kind === 'fingerprint' ? action.parts : [];
}

/** The name in `{{ default }}`; `null` for plain text. */
function nameOf(part: string): string | null {
  return /^\{\{\s*(\w+)\s*\}\}$/.exec(part)?.[1] ?? null;
}

function fill(
  wanted: string[],
  byDefault: ExplainedPart[],
  { report, links, category }: { report: Report; links: Link[]; category: ReportCategory },
): ExplainedPart[] {
  const top = topFrame(links);
  return wanted.flatMap((part): ExplainedPart[] => {
    const name = nameOf(part);
    if (name === 'default') return byDefault;
    const values: Record<string, string> = {
      type: links[0]?.type ?? '',
      message: normaliseMessage(links[0]?.message || report.message || ''),
      function: top?.function ?? '',
      file: top?.file ?? '',
      category,
    };
    const value = name === null ? undefined : values[name];
    return value === undefined
      ? [{ kind: 'given', value: part, counts: true, why: 'it was given' }]
      : [{ kind: `given ${name}`, value, counts: true, why: `it was asked for by {{ ${name} }}` }];
  });
}

function defaultGrouping(
  report: Report,
  links: Link[],
  category: ReportCategory,
): { way: Way; parts: ExplainedPart[] } {
  const way = wayOf(report, links);
  const parts = links.flatMap((link) => partsOfLink(link, way));
  const message = normaliseMessage(report.message ?? '');
  if (message !== '' && !links.some((link) => link.message === report.message)) {
    const counts = way === 'MESSAGE' && links.every((link) => link.message === '');
    const why = counts ? 'no stack contributes' : 'the errors themselves tell it';
    parts.push({ kind: 'message', value: message, counts, why });
  }
  if (way === 'CATEGORY')
    parts.push({
      kind: 'category',
      value: category,
      counts: true,
      why: 'the report says nothing else',
    });
  return { way, parts: [...parts, ...discriminators(report)] };
}

function wayOf(report: Report, links: Link[]): Way {
  if (links.some(({ frames }) => frames.some(({ isInApp }) => isInApp))) return 'IN_APP_FRAMES';
  if (links.some(({ frames }) => frames.length > 0)) return 'SYSTEM_FRAMES';
  const said = links.some(({ type, message }) => type !== null || message !== '') || report.message;
  return said ? 'MESSAGE' : 'CATEGORY';
}

function partsOfLink({ type, message, frames }: Link, way: Way): ExplainedPart[] {
  const parts: ExplainedPart[] = [];
  if (type !== null) {
    const counts = !isMinified(type);
    const why = counts ? 'class of the error' : 'a minifier made the name';
    parts.push({ kind: 'type', value: type, counts, why });
  }
  const counted = frames.filter(({ isInApp }) => isInApp || way !== 'IN_APP_FRAMES');
  for (const frame of frames) {
    const counts = counted.includes(frame);
    parts.push({
      kind: 'frame',
      value: `${frame.function ?? '?'} in ${frame.file ?? '?'}`,
      counts,
      why: counts
        ? frame.isInApp
          ? 'the platform’s own code'
          : 'no own code is in any stack'
        : 'not the platform’s own code',
    });
  }
  const normalised = normaliseMessage(message);
  if (normalised === '') return parts;
  const top = counted.at(-1);
  const why = !top
    ? way === 'MESSAGE'
      ? 'no stack contributes'
      : 'this error has no stack of its own that counts, others have'
    : top.isWrapper
      ? 'the topmost frame is shared by many troubles'
      : counted.every((frame) => frame.function === null)
        ? 'no frame that counts has a name'
        : 'the stack tells it';
  const counts =
    way === 'MESSAGE' ||
    (top !== undefined && (top.isWrapper || counted.every((frame) => frame.function === null)));
  parts.push({ kind: 'message', value: normalised, counts, why });
  return parts;
}

/** What tells troubles with equal stacks apart. Never the id of a thing. */
function discriminators({ request, response, database, contract, sync }: Report): ExplainedPart[] {
  const path = response?.path?.map((step) => (typeof step === 'number' ? '*' : step)).join('.');
  const pointer = contract?.pointer?.replaceAll(/(?<=\/)\d+(?=\/|$)/g, '*');
  const found: [kind: string, value: string | null | undefined][] = [
    ['operation', request?.operationName],
    ['path', path],
    ['code', response?.code],
    ['sqlstate', database?.code],
    // The hash of a contract changes with every version of it: its operation is what stays.
    ['contract', contract ? (contract.operation ?? contract.hash) : null],
    ['violation', contract?.violation],
    ['pointer', pointer],
    ['sync', sync?.type],
    ['entity type', sync?.entityType],
  ];
  return found.flatMap(([kind, value]) =>
    value ? [{ kind, value, counts: true, why: 'tells equal stacks apart' }] : [],
  );
}

function linkOf(exception: Exception, subject: RuleSubject, rules: readonly GroupingRule[]): Link {
  const ofFrames = rules.filter(({ action }) => action.kind !== 'fingerprint');
  const frames = exception.frames.map((frame) => {
    const named = { file: frame.file ?? '', function: frame.function ?? '' };
    let { isInApp } = frame;
    for (const rule of ofFrames)
      if (rule.action.kind !== 'wrapper' && fits(rule, subject, named))
        isInApp = rule.action.kind === 'in-app';
    return isInApp === frame.isInApp ? frame : { ...frame, isInApp };
  });
  const wrappers = new Set<string>();
  for (const rule of ofFrames)
    if (rule.action.kind === 'wrapper')
      for (const frame of exception.frames) {
        const named = { file: frame.file ?? '', function: frame.function ?? '' };
        const name = functionOf(named.function);
        if (name && fits(rule, subject, named)) wrappers.add(name);
      }
  const type = exception.type?.trim();
  return {
    type: type ? type : null,
    message: exception.message ?? '',
    frames: groupedFrames(frames).map((frame) => ({
      ...frame,
      isWrapper:
        frame.function !== null && (wrappers.has(frame.function) || wrapper.test(frame.function)),
    })),
  };
}

/** `e`, `t2`, `$a`: what a minifier leaves of the name of a class. */
function isMinified(type: string): boolean {
  return /^[\w$]{1,2}$/.test(type);
}

function topFrame(links: Link[]): GroupedFrame | null {
  for (const { frames } of links) {
    const own = frames.filter(({ isInApp }) => isInApp);
    const top = own.at(-1) ?? frames.at(-1);
    if (top) return top;
  }
  return null;
}

function culpritOf(links: Link[]): string | null {
  const top = topFrame(links);
  if (!top) return null;
  const place = [top.function, top.file && `(${top.file})`].filter(Boolean).join(' ');
  return place.slice(0, maxTitle);
}

/** First words of a report, for people. Pure. */
export function titleOf(report: Report, category: ReportCategory): string {
  const [first] = report.exceptions;
  const message = (first?.message || report.message || '').split(/[\r\n]/, 1)[0]?.trim();
  const title = [first?.type, message].filter(Boolean).join(': ') || category;
  return title.length > maxTitle ? `${title.slice(0, maxTitle - 1).toWellFormed()}…` : title;
}
