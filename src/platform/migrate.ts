import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import { Client, Pool } from 'pg';

/** `empty`, or the text of a `schema.prisma`. */
export type SchemaSource = 'empty' | { schema: string };

const PRISMA_DIR = join(import.meta.dirname, '..', '..', 'prisma');
export const SCHEMA_FILE = join(PRISMA_DIR, 'schema.prisma');
export const MIGRATIONS_DIR = join(PRISMA_DIR, 'migrations');

/** Ours alone; Prisma's own commands lock 72707369. */
const LOCK_KEY = 7_266_383;
const NO_FILTER = { externalTables: [], externalEnums: [] };

/**
 * Brings a database up to `prisma/migrations`, and notes in `_prisma_migrations` what was done, so
 * that the Prisma CLI agrees. Processes that start together wait for each other.
 *
 * @returns names of the migrations that this call applied, oldest first
 */
export async function migrate(
  databaseUrl: string,
  { log }: { log?: { info(message: string): void } } = {},
): Promise<{ applied: string[] }> {
  const migrations = await readMigrations();
  const lock = new Client({ connectionString: databaseUrl });
  await lock.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [LOCK_KEY]);
    if (await isCurrent(lock, migrations)) return { applied: [] };
    const applied = await withEngine(databaseUrl, async (engine) => {
      const done = await engine.applyMigrations({ migrationsList: migrations, filters: NO_FILTER });
      return done.appliedMigrationNames;
    });
    for (const name of applied) log?.info(`Applied migration ${name}.`);
    return { applied };
  } finally {
    await lock.end(); // the lock goes with its connection
  }
}

/**
 * Whether each migration was applied as it is now, and no other. The engine would find the same, but takes
 * 0.1 s to start; of everything else it is the judge.
 */
async function isCurrent(
  client: Client,
  { migrationDirectories }: MigrationList,
): Promise<boolean> {
  const { rows: tables } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there",
  );
  if (!tables[0]?.there) return false;
  const { rows } = await client.query<{ name: string; checksum: string; done: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AND rolled_back_at IS NULL AS done
     FROM _prisma_migrations`,
  );
  const applied = new Map(rows.map(({ name, checksum, done }) => [name, done ? checksum : '']));
  return (
    rows.length === migrationDirectories.length &&
    migrationDirectories.every(({ path, migrationFile: { content } }) => {
      if (content.tag !== 'ok') return false;
      return applied.get(path) === createHash('sha256').update(content.value).digest('hex');
    })
  );
}

/**
 * The SQL that turns one schema into another; empty when there is nothing to do.
 *
 * @param databaseUrl any Postgres: the engine asks for its version and reads nothing else
 */
export async function schemaDiff(
  databaseUrl: string,
  { from, to }: { from: SchemaSource; to: SchemaSource },
): Promise<string> {
  return withEngine(databaseUrl, async (engine) => {
    const diff = await engine.diff({
      from: targetOf(from),
      to: targetOf(to),
      script: true,
      exitCode: null,
      filters: NO_FILTER,
    });
    const sql = diff.stdout?.trim() ?? '';
    return sql === '-- This is an empty migration.' ? '' : sql;
  });
}

function targetOf(source: SchemaSource): Parameters<SchemaEngine['diff']>[0]['from'] {
  if (source === 'empty') return { tag: 'empty' };
  return {
    tag: 'schemaDatamodel',
    files: [{ path: 'schema.prisma', content: source.schema }],
  };
}

async function readMigrations(): Promise<MigrationList> {
  const entries = await readdir(MIGRATIONS_DIR, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return {
    baseDir: MIGRATIONS_DIR,
    lockfile: {
      path: 'migration_lock.toml',
      content: await readFile(join(MIGRATIONS_DIR, 'migration_lock.toml'), 'utf8'),
    },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.sort().map(async (name) => ({
        path: name,
        migrationFile: {
          path: 'migration.sql',
          content: {
            tag: 'ok' as const,
            value: await readFile(join(MIGRATIONS_DIR, name, 'migration.sql'), 'utf8'),
          },
        },
      })),
    ),
  };
}

async function withEngine<T>(
  databaseUrl: string,
  use: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  const { SchemaEngine } = await loadEngine();
  // A pool of our own to end: the engine's lock goes with its connection, not with `free()`.
  const pool = new Pool({ connectionString: databaseUrl });
  const adapter = bindMigrationAwareSqlAdapterFactory(takingWholeScripts(new PrismaPg(pool), pool));
  try {
    const datamodel = await readFile(SCHEMA_FILE, 'utf8');
    const models: [string, string][] = [['schema.prisma', datamodel]];
    const engine = await SchemaEngine.new({ datamodels: models }, () => undefined, adapter);
    const result = await use(engine);
    engine.free();
    return result;
  } finally {
    await pool.end();
  }
}

/**
 * Prisma's adapter cuts a script at every semicolon, those of comments and function bodies too; Postgres
 * takes it whole, in one transaction. Remove when `executeScript` of `@prisma/adapter-pg` splits nothing.
 */
function takingWholeScripts(factory: PrismaPg, pool: Pool): PrismaPg {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connection = await connect();
    connection.executeScript = async (script) => {
      await pool.query(script);
    };
    return connection;
  };
  return factory;
}

type EngineModule = typeof import('@prisma/schema-engine-wasm');

/** Part of Node, but neither `lib: esnext` nor `@types/node` says so. */
declare const WebAssembly: {
  instantiate(
    file: Uint8Array,
    imports: object,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

let engineModule: Promise<EngineModule> | undefined;

/**
 * The package's own entry imports its `.wasm`, for which Node 26 prints an ExperimentalWarning at
 * every start. This does the same by hand. Remove when a start with the entry prints nothing.
 */
function loadEngine(): Promise<EngineModule> {
  engineModule ??= (async () => {
    const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm');
    const file = await readFile(join(dirname(entry), 'schema_engine_bg.wasm'));
    const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
    const { instance } = await WebAssembly.instantiate(file, { './schema_engine_bg.js': glue });
    glue.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as () => void)();
    return glue as EngineModule;
  })();
  return engineModule;
}
