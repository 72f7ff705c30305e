import { type Command, Option } from 'commander';
import {
  type DebugKind,
  DebugStreamDocument,
  type DebugStreamSubscription,
  type ReportSeverity,
} from '../generated/client/graphql.ts';
import { openInterrupt } from './failure.ts';
import { addServerOptions, allOptions } from './options.ts';
import { count, note, paint, print, printable } from './print.ts';
import { withServer } from './server.ts';

type Item = DebugStreamSubscription['debugStream'];
type Entry = Extract<Item, { __typename: 'DebugEntry' }>;

const kinds: DebugKind[] = [
  'ERROR',
  'WARNING',
  'INFO',
  'SYNC_UPDATE',
  'CONTRACT_CHECK',
  'PERFORMANCE',
];
const severities: ReportSeverity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFO'];

/** `codesight watch`. */
export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description('Follow what diagnostics finds out: errors, broken contracts, sync, what is slow.')
    .addOption(new Option('--kind <kind...>', 'only these kinds').choices(kinds))
    .addOption(new Option('--severity <severity...>', 'only these severities').choices(severities))
    .option('--source <source...>', 'only these services, platforms or clients')
    .option('--text <text>', 'only what holds this text')
    .option('--issue <id>', 'only about this issue')
    .option('--trace <id>', 'only of this correlation id')
    .option('--client <id>', 'only seen on this client')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  codesight watch
  codesight watch --kind ERROR SYNC_UPDATE --text checkout
  codesight watch --json | jq .title`,
    );
  addServerOptions(command).action(async () => {
    const interrupt = openInterrupt();
    try {
      await watch(allOptions<WatchOptions>(command), interrupt.signal);
    } finally {
      interrupt.close();
    }
  });
}

type WatchOptions = {
  kind?: DebugKind[];
  severity?: ReportSeverity[];
  source?: string[];
  text?: string;
  issue?: string;
  trace?: string;
  client?: string;
  json?: boolean;
};

async function watch(
  options: WatchOptions & Parameters<typeof withServer>[0],
  signal: AbortSignal,
): Promise<void> {
  const { kind, severity, source, text, issue, trace, client } = options;
  const where = {
    kinds: kind ?? null,
    severities: severity ?? null,
    sources: source ?? null,
    text: text ?? null,
    issueId: issue ?? null,
    correlationId: trace ?? null,
    clientId: client ?? null,
  };
  await withServer(options, signal, async (connection) => {
    if (!options.json) note(`Following ${connection.url}. Ctrl+C ends it.`);
    const variables: { where: typeof where; after: string | null } = { where, after: null };
    for await (const { debugStream } of connection.follow(DebugStreamDocument, variables, signal)) {
      if (debugStream.cursor === variables.after) continue;
      variables.after = debugStream.cursor; // a new connection goes on from here
      print(options.json ? JSON.stringify(debugStream) : lineOf(debugStream));
    }
  });
}

/** An event as a line for people. */
export function lineOf(item: Item): string {
  if (item.__typename === 'DebugGap') {
    const what = item.dropped === null ? 'some events' : count(item.dropped, 'event');
    return paint.warn(`… ${what} not shown: they came too fast, or too long ago`);
  }
  const at = new Date(item.at).toISOString().slice(11, 23);
  const from = [item.source, item.clientId].filter(Boolean).join(' ');
  const facts = Object.entries(item.detail as Entry['detail'] & object)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${value}`);
  return [
    paint.faint(at),
    signOf(item),
    printable(item.title).replaceAll('\n', ' '),
    paint.faint(printable([from, item.category, ...facts].filter(Boolean).join(' · '))),
    item.correlationId ? paint.faint(item.correlationId) : '',
  ]
    .filter(Boolean)
    .join('  ');
}

function signOf({ kind, signal, severity }: Entry): string {
  const word = `${kind === 'ERROR' ? severity : kind}`.padEnd(14);
  const said = signal === 'report' ? word : `${word} ${signal}`;
  if (kind === 'ERROR') return severity === 'MEDIUM' ? paint.warn(said) : paint.bad(said);
  if (kind === 'WARNING') return paint.warn(said);
  return kind === 'INFO' ? said : paint.bar(said);
}
