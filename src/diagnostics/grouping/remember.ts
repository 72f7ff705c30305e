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
  const key = JSON.stringify(whatCounts(report, category, rules));
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

/** All that grouping looks at but for the title, messages without their values. Flat, lists with their length. */
function whatCounts(
  report: Report,
  category: ReportCategory,
  rules: readonly GroupingRule[],
): unknown[] {
  const { exceptions, message, fingerprint, request, response, database, contract, sync } = report;
  const parts: unknown[] = [
    category,
    report.source?.service,
    fingerprint,
    request?.operationName,
    response?.code,
    response?.path,
    database?.code,
    contract && [contract.operation, contract.hash, contract.violation, contract.pointer],
    sync && [sync.type, sync.entityType],
    message ? normaliseMessage(message) : null,
    exceptions.some((exception) => (exception.message ?? '') === message),
    exceptions.length,
  ];
  for (const { type, message: said, frames } of exceptions) {
    parts.push(type, said ? normaliseMessage(said) : null, frames.length);
    for (const frame of frames) parts.push(frame.file, frame.function, frame.isInApp);
  }
  if (rules.some(({ matchers }) => matchers.some(({ what }) => what === 'message')))
    parts.push(message, ...exceptions.map((exception) => exception.message));
  return parts;
}
