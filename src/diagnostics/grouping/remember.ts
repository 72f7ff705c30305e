import { LRUCache } from 'lru-cache';
import type { Report, ReportCategory } from '../../contract/report.ts';
import { type Grouping, groupReport, titleOf } from './group.ts';
import { normaliseMessage } from './normalise.ts';
import type { GroupingRule } from './rules.ts';

type Memory = LRUCache<string, Grouping>;

/** Of the names of groupings, in UTF-16 code units, for each set of rules. */
const rememberedChars = 4_000_000;

const newMemory = (): Memory => new LRUCache({ maxSize: rememberedChars });
const withoutRules = newMemory();
const withRules = new WeakMap<readonly GroupingRule[], Memory>();

/**
 * `groupReport`, which looks at nothing twice: reports of one trouble differ in their values, lines and
 * times, and nothing of that counts.
 */
export function groupOnce(
  report: Report,
  category: ReportCategory,
  rules: readonly GroupingRule[] = [],
): Grouping {
  const memory = memoryOf(rules);
  const key = whatCounts(report, category, rules);
  const known = memory.get(key);
  if (known) return { ...known, title: titleOf(report, category) };
  const made = groupReport(report, category, rules);
  memory.set(key, made, { size: key.length });
  return made;
}

function memoryOf(rules: readonly GroupingRule[]): Memory {
  if (rules.length === 0) return withoutRules;
  let memory = withRules.get(rules);
  if (!memory) {
    memory = newMemory();
    withRules.set(rules, memory);
  }
  return memory;
}

/**
 * All that grouping looks at but for the title, messages without their values, as one text: parts end with NUL,
 * which no text of a report holds, and lists begin with their length.
 */
function whatCounts(
  report: Report,
  category: ReportCategory,
  rules: readonly GroupingRule[],
): string {
  const { exceptions, message, fingerprint, request, response, database, contract, sync } = report;
  const same = exceptions.some((exception) => (exception.message ?? '') === message);
  let key = `${category}\0${part(report.source?.service)}${part(message && normaliseMessage(message))}${same}\0`;
  if (fingerprint) key += list(fingerprint);
  if (request) key += `q${part(request.operationName)}`;
  if (response) key += `r${part(response.code)}${list(response.path ?? [])}`;
  if (database) key += `d${part(database.code)}`;
  if (contract)
    key += `c${part(contract.operation)}${part(contract.hash)}${part(contract.violation)}${part(contract.pointer)}`;
  if (sync) key += `s${part(sync.type)}${part(sync.entityType)}`;
  key += `e${exceptions.length}\0`;
  for (const { type, message: said, frames } of exceptions) {
    key += `${part(type)}${part(said && normaliseMessage(said))}${frames.length}\0`;
    for (const { file, function: name, isInApp } of frames)
      key += `${part(file)}${part(name)}${isInApp}\0`;
  }
  if (rules.some(({ matchers }) => matchers.some(({ what }) => what === 'message')))
    key += `m${part(message)}${list(exceptions.map((exception) => exception.message))}`;
  return key;
}

/** Nothing is told apart from empty text. */
function part(text: string | null | undefined): string {
  return text == null ? '\0' : `=${text}\0`;
}

/** Numbers are told apart from their digits. */
function list(parts: readonly (string | number | null | undefined)[]): string {
  return `${parts.length}\0${parts.map((each) => (typeof each === 'number' ? `#${each}\0` : part(each))).join('')}`;
}
