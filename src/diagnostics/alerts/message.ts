import type { ReportCategory, ReportSeverity } from '../../contract/report.ts';
import type { AlertTrigger } from '../../generated/prisma/enums.ts';
import { redactText } from '../../lib/redact/text.ts';

/** What a message to a channel says; each kind of channel puts it in its own form. */
export type Message = {
  type: 'alert.raised' | 'alert.resolved' | 'alert.digest' | 'test';
  /** One line. */
  headline: string;
  /** What it is about, in words. */
  text: string;
  severity: ReportSeverity;
  /** Where to read on. */
  link: string;
  /** Names and values, in order of weight. */
  facts: { name: string; value: string }[];
  at: Date;
};

/** What is known of an alert when it is told. */
export type AlertFacts = {
  id: string;
  trigger: AlertTrigger;
  subjectId: string;
  title: string;
  severity: ReportSeverity;
  category: ReportCategory | null;
  source: string | null;
  correlationId: string | null;
  count: bigint | null;
  users: number | null;
  firstSeenAt: Date | null;
  lastSeenAt: Date | null;
  detail: unknown;
  raisedAt: Date;
  resolvedAt: Date | null;
  ruleName: string;
};

const titleChars = 200;

const words: Record<AlertTrigger, string> = {
  ISSUE_NEW: 'New issue',
  ISSUE_REGRESSED: 'Issue is back',
  ISSUE_ESCALATING: 'Issue escalates',
  COUNT_OVER: 'Many reports',
  USERS_OVER: 'Many users',
  CHANGE_OVER: 'Sharp rise',
  CONTRACT_BROKEN: 'Contract broken',
  SYNC_DIVERGED: 'Copies diverged',
  QUEUE_STALLED: 'Queue stands still',
  HEALTH: 'Dependency is away',
  COST: 'Budget',
  QUALITY: 'Quality fell',
};

/** The message of an alert, or of its end. Nothing in it is personal: it is redacted once more. */
export function messageOf(alert: AlertFacts, publicUrl: string): Message {
  const isResolved = alert.resolvedAt !== null;
  const title = shorten(redactText(alert.title), titleChars);
  return {
    type: isResolved ? 'alert.resolved' : 'alert.raised',
    headline: `${isResolved ? 'Resolved: ' : ''}${words[alert.trigger]}: ${title}`,
    text: isResolved ? `It is over: ${title}` : title,
    severity: isResolved ? 'INFO' : alert.severity,
    link: `${publicUrl}/alerts/${alert.id}`,
    facts: factsOf(alert),
    at: alert.resolvedAt ?? alert.raisedAt,
  };
}

/** The message that stands for those which the cap held back, with counts, the most frequent first. */
export function digestOf(
  held: { title: string; severity: ReportSeverity; count: number }[],
  {
    ruleName,
    ruleId,
    at,
    publicUrl,
  }: { ruleName: string; ruleId: string; at: Date; publicUrl: string },
): Message {
  const total = held.reduce((sum, { count }) => sum + count, 0);
  const shown = held.slice(0, digestLines);
  const more = total - shown.reduce((sum, { count }) => sum + count, 0);
  const lines = shown.map(
    ({ title, count }) => `${count} × ${shorten(redactText(title), titleChars)}`,
  );
  return {
    type: 'alert.digest',
    headline: `${total} more alerts of “${shorten(ruleName, 100)}”`,
    text: [...lines, ...(more > 0 ? [`${more} × others`] : [])].join('\n'),
    severity: worstOf(held.map(({ severity }) => severity)),
    link: `${publicUrl}/alerts?rule=${ruleId}`,
    facts: [
      { name: 'Alerts', value: String(total) },
      { name: 'Rule', value: shorten(ruleName, 100) },
    ],
    at,
  };
}

/** The message that tries a channel out. */
export function testMessage(channelName: string, at: Date, publicUrl: string): Message {
  return {
    type: 'test',
    headline: 'CodeSight: a test',
    text: `The channel “${shorten(channelName, 100)}” works. Alerts will look like this.`,
    severity: 'INFO',
    link: publicUrl,
    facts: [{ name: 'Channel', value: shorten(channelName, 100) }],
    at,
  };
}

const digestLines = 20;
const order: ReportSeverity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'];

function worstOf(severities: ReportSeverity[]): ReportSeverity {
  return order.find((severity) => severities.includes(severity)) ?? 'INFO';
}

function factsOf(alert: AlertFacts): Message['facts'] {
  const { count, users, category, source, correlationId, firstSeenAt, lastSeenAt } = alert;
  const known: [string, string | null][] = [
    ['Severity', alert.severity],
    ['Category', category],
    ['Reports', count === null ? null : String(count)],
    ['Users', users === null ? null : String(users)],
    ['First seen', firstSeenAt?.toISOString() ?? null],
    ['Last seen', lastSeenAt?.toISOString() ?? null],
    ['Source', source === null ? null : redactText(source)],
    ['Trace', correlationId],
    ['Rule', shorten(alert.ruleName, 100)],
  ];
  return known.flatMap(([name, value]) => (value ? [{ name, value: shorten(value, 500) }] : []));
}

/** At most so many UTF-16 units, without half a character at the end. */
export function shorten(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}
