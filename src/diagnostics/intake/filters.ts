import type { Report, ReportCategory } from '../../contract/report.ts';
import { globOf } from '../grouping/rules.ts';

/** What a project does not want to hear of. */
export type Filters = {
  categories: ReadonlySet<ReportCategory>;
  releases: RegExp[];
  messages: RegExp[];
  /** What browser extensions of visitors throw into our pages. */
  foreignScripts: boolean;
};

/** Why a report is filtered, in a stable word of the ledger. */
export type FilterReason = 'category' | 'release' | 'message' | 'foreign_script';

/** Filters of patterns in which `*` stands for any characters. */
export function makeFilters(given: {
  categories: ReportCategory[];
  releases: string[];
  messages: string[];
  foreignScripts: boolean;
}): Filters {
  return {
    categories: new Set(given.categories),
    releases: given.releases.map(globOf),
    messages: given.messages.map(globOf),
    foreignScripts: given.foreignScripts,
  };
}

const foreignFile =
  /^(?:chrome|moz|safari(?:-web)?|ms-browser|webkit-masked-url)-extension:|^webkit-masked-url:|^safari-web-extension:/i;
/** Said by what extensions and in-app browsers inject, never by a page. */
const foreignWords =
  /^(?:Script error\.?|ResizeObserver loop (?:limit exceeded|completed with undelivered notifications)\.?)$|\b(?:Extension context invalidated|The message port closed before a response was received|Could not establish connection\. Receiving end does not exist|Can't find variable: (?:gmo|_AutofillCallbackHandler)|__gCrWeb|instantSearchSDKJSBridgeClearHighlight|webkit\.messageHandlers)\b/i;

/** The first filter that fits; `null` for a report that is wanted. Pure. */
export function filterOf(
  filters: Filters,
  report: Report,
  category: ReportCategory,
): FilterReason | null {
  if (filters.categories.has(category)) return 'category';
  const release = report.environment?.release;
  if (release && filters.releases.some((pattern) => pattern.test(release))) return 'release';
  const words = [report.message, ...report.exceptions.map(({ message }) => message)].filter(
    (message) => message != null && message !== '',
  ) as string[];
  if (words.some((text) => filters.messages.some((pattern) => pattern.test(text))))
    return 'message';
  if (filters.foreignScripts && report.platform === 'PWA' && isForeign(report, words))
    return 'foreign_script';
  return null;
}

/** Only pages have visitors with extensions; what our own extension reports says so. */
function isForeign({ exceptions }: Report, words: string[]): boolean {
  const frames = exceptions.flatMap((exception) => exception.frames);
  const top = exceptions[0]?.frames.at(-1);
  if (top?.file && foreignFile.test(top.file)) return true;
  return frames.length === 0 && words.some((text) => foreignWords.test(text));
}
