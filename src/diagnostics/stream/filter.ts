import type { ReportCategory, ReportSeverity } from '../../contract/report.ts';
import type { DebugEvent, DebugKind } from './event.ts';

/** Which events of the debug stream. What is absent or `null` does not restrict. */
export type DebugFilter = {
  kinds?: DebugKind[] | null;
  categories?: ReportCategory[] | null;
  severities?: ReportSeverity[] | null;
  sources?: string[] | null;
  /** Found in the title or in a detail, whatever its case. */
  text?: string | null;
  issueId?: string | null;
  correlationId?: string | null;
  clientId?: string | null;
};

/** Whether an event fits. Pure. */
export function fitsFilter(where: DebugFilter, event: DebugEvent): boolean {
  const { categories, correlationId, clientId, issueId, kinds, severities, sources, text } = where;
  return (
    (!kinds || kinds.includes(event.kind)) &&
    (!severities || severities.includes(event.severity)) &&
    (!categories || (event.category !== null && categories.includes(event.category))) &&
    (!sources || (event.source !== null && sources.includes(event.source))) &&
    (!issueId || event.subjectId === issueId) &&
    (!correlationId || event.correlationId === correlationId) &&
    (!clientId || event.clientId === clientId) &&
    (!text || holds(event, text.toLowerCase()))
  );
}

function holds({ title, detail }: DebugEvent, words: string): boolean {
  return [title, ...Object.values(detail)].some(
    (value) => typeof value === 'string' && value.toLowerCase().includes(words),
  );
}
