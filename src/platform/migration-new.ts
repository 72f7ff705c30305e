import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MIGRATIONS_DIR, SCHEMA_FILE, type SchemaSource, schemaDiff } from './migrate.ts';
import { openEmbeddedPostgres } from './postgres.ts';

const HELP = `Writes the next prisma/migrations/NNNN_name/migration.sql.

  npm run migration -- NAME            from the committed prisma/schema.prisma to the one on disk
  npm run migration -- NAME --from REF from the schema of another commit
  npm run migration -- NAME --first    from nothing, in place of every migration there is

The older schema is the one of "git show HEAD:prisma/schema.prisma": commit a schema together with
its migration. Read the SQL before you commit it: a renamed column is a dropped and a new one.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    first: { type: 'boolean', default: false },
    from: { type: 'string', default: 'HEAD' },
    help: { type: 'boolean', default: false },
  },
});
const [name] = positionals;

if (values.help || !name || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.log(HELP);
  if (!values.help) process.exitCode = 2;
} else {
  await writeMigration(name);
}

async function writeMigration(name: string): Promise<void> {
  const from: SchemaSource = values.first
    ? 'empty'
    : {
        schema: execFileSync('git', ['show', `${values.from}:prisma/schema.prisma`], {
          encoding: 'utf8',
        }),
      };
  const to = { schema: await readFile(SCHEMA_FILE, 'utf8') };
  const sql = await withScratchPostgres((url) => schemaDiff(url, { from, to }));
  if (sql === '') {
    console.log('The schema has not changed.');
    return;
  }

  await mkdir(MIGRATIONS_DIR, { recursive: true });
  const existing = (await readdir(MIGRATIONS_DIR)).filter((entry) => /^\d{4}_/.test(entry)).sort();
  if (values.first) {
    for (const old of existing.splice(0)) await rm(join(MIGRATIONS_DIR, old), { recursive: true });
  }
  const number = Number(existing.at(-1)?.slice(0, 4) ?? 0) + 1;
  const dir = join(MIGRATIONS_DIR, `${String(number).padStart(4, '0')}_${name}`);
  await mkdir(dir);
  await writeFile(join(dir, 'migration.sql'), `${sql}\n`);
  await writeFile(join(MIGRATIONS_DIR, 'migration_lock.toml'), 'provider = "postgresql"\n');
  console.log(`Wrote ${join(dir, 'migration.sql')}`);
}

async function withScratchPostgres<T>(use: (url: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'codesight-migration-'));
  await chmod(dir, 0o711);
  const quiet = { info: () => undefined, warn: console.warn };
  const postgres = await openEmbeddedPostgres({ dir, log: quiet, durable: false });
  try {
    return await use(postgres.url);
  } finally {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  }
}
