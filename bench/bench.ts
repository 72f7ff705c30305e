import { parseArgs } from 'node:util';

/** How long and how loud a bench is. */
export type BenchOptions = {
  /** Length of one timed round. */
  seconds: number;
  /** Timed rounds of each side; the figures are medians over them. */
  rounds: number;
  /** Where tables go. */
  print: (text: string) => void;
  /** Postgres to measure on; absent: the embedded one, durable as in production. */
  database?: string | undefined;
  /** Folder for CPU profiles of the server, or of the page. */
  profile?: string | undefined;
  /** Rows to make, for benches of stored data. */
  rows?: number | undefined;
  /** Equal reports of a storm. */
  storm?: number | undefined;
};

type Bench = {
  summary: string;
  defaults: { seconds: number; rounds: number };
  /** Answers with the figures of the last line. */
  run: (options: BenchOptions) => Promise<object>;
};

const benches: Record<string, Bench> = {
  ingest: {
    summary: 'interactions over graphql-ws, all on, against bare `pg` inserts of the same rows',
    defaults: { seconds: 4, rounds: 3 },
    run: async (options) => (await import('./ingest.ts')).run(options),
  },
  extension: {
    summary: 'main-thread time of the content script, against rrweb and the page alone',
    defaults: { seconds: 4, rounds: 3 },
    run: async (options) => (await import('./extension.ts')).run(options),
  },
  diagnostics: {
    summary:
      'reports end to end, grouped and counted, against bare inserts; the door at half load; a storm',
    defaults: { seconds: 3, rounds: 7 },
    run: async (options) => (await import('./diagnostics.ts')).run(options),
  },
  export: {
    summary:
      'a dataset’s export, sealed files and all, against `COPY … TO STDOUT` of the same rows',
    defaults: { seconds: 1, rounds: 1 },
    run: async (options) => (await import('./export.ts')).run(options),
  },
};

const help = `Measures CodeSight on this machine.

  npm run bench -- NAME [--seconds N] [--rounds N] [--rows N] [--storm N] [--database URL] [--profile FOLDER] [--json]

${Object.entries(benches)
  .map(([name, { summary }]) => `  ${name.padEnd(13)}${summary}`)
  .join('\n')}

  --seconds N       length of one timed round
  --rounds N        timed rounds of each side; figures are medians over them
  --rows N          interactions to export, default: 1,000,000
  --storm N         equal reports of a storm, default: 100,000
  --database URL    an empty Postgres database to measure on; default: the embedded one, durable
  --profile FOLDER  writes a CPU profile of the server, or of the page, there (for Chrome's or VS Code's viewer)
  --json            prints only the last line: the figures as JSON
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      rows: { type: 'string' },
      storm: { type: 'string' },
      database: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [name, ...others] = positionals;
  if (values.help || name === undefined) {
    process.stdout.write(help);
    if (!values.help) process.exitCode = 1;
    return;
  }
  const bench = Object.hasOwn(benches, name) ? benches[name] : undefined;
  const known = Object.keys(benches).join(', ');
  if (!bench) throw new Error(`Expected a bench (${known}), got ${name}.`);
  if (others.length > 0) throw new Error(`Expected one bench, got ${positionals.join(', ')}.`);
  const figures = await bench.run({
    seconds: positive('--seconds', values.seconds) ?? bench.defaults.seconds,
    rounds: Math.ceil(positive('--rounds', values.rounds) ?? bench.defaults.rounds),
    rows: positive('--rows', values.rows, 100_000_000),
    storm: positive('--storm', values.storm, 100_000_000),
    database: values.database,
    profile: values.profile,
    print: (text) => void (values.json || process.stdout.write(`${text}\n`)),
  });
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function positive(option: string, text: string | undefined, most = 86_400): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0 && value < most))
    throw new Error(`Expected a positive number for ${option}, got ${text}.`);
  return value;
}
