import { expect, test } from 'vitest';
import { ConfigError, configTable, loadConfig, loadProcessConfig } from './config.ts';

test('without any variable everything has a default that works on one machine', () => {
  const config = loadConfig({});

  expect(config).toMatchObject({
    databaseUrl: undefined,
    dataDir: '.codesight',
    host: '127.0.0.1',
    port: 4000,
    allowedOrigins: [],
    sessions: { timeoutMinutes: 30, maxPerUser: 50 },
    images: { maxBytes: 5 * 1024 * 1024, quality: 80 },
    jobs: { timeoutMs: 300_000, retries: 3 },
    retention: { days: 365, cleanupHours: 24 },
  });
});

test('variables are read in their units, and an empty one counts as absent', () => {
  const config = loadConfig({
    PORT: '0',
    MAX_SCREENSHOT_SIZE_MB: '2',
    ALLOWED_ORIGINS: ' https://a.example , https://b.example,,',
    GRAPHIQL: '0',
    DATABASE_URL: 'postgresql://user:pass@host:5432/name?sslmode=require',
    MASTER_KEY: '',
    LOG_LEVEL: '',
    UNKNOWN: 'is ignored',
  });

  expect(config).toMatchObject({
    port: 0,
    images: { maxBytes: 2 * 1024 * 1024 },
    allowedOrigins: ['https://a.example', 'https://b.example'],
    graphiql: false,
    databaseUrl: 'postgresql://user:pass@host:5432/name?sslmode=require',
    masterKey: undefined,
    logLevel: 'info',
  });
});

test('all mistakes are told at once, each by the name of its variable', () => {
  const env = {
    PORT: '70000',
    MAX_RETRIES: 'many',
    MAX_SCREENSHOT_SIZE_MB: '1.5',
    DATABASE_URL: 'mysql://a/b',
    PUBLIC_URL: 'codesight.example',
    MASTER_KEY: 'short',
    LOG_LEVEL: 'loud',
    GRAPHIQL: 'yes',
  };

  const load = () => loadConfig(env);

  expect(load).toThrow(ConfigError);
  expect(load).toThrow('The configuration has 8 mistakes:');
  for (const name of Object.keys(env)) expect(load).toThrow(`\n  ${name}: `);
  expect(() => loadConfig({ PORT: 'x' })).toThrow('The configuration has a mistake:');
});

test('the mistakes never show the value of a secret', () => {
  const load = () => loadConfig({ MASTER_KEY: 'hunter2', DATABASE_URL: 'mysql://u:hunter2@h/n' });

  expect(load).toThrow(ConfigError);
  expect(load).not.toThrow('hunter2');
});

test('the table names every variable once, with its meaning and its default', () => {
  const table = configTable();
  const names = table.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  for (const { name, description } of table) {
    expect(name).toMatch(/^[A-Z][A-Z_]+$/);
    expect(description).toMatch(/^.{10,}\.$/);
  }
  expect(table).toContainEqual({
    name: 'SESSION_TIMEOUT_MINUTES',
    description: expect.stringContaining('paused'),
    fallback: '30',
  });
});

test('the process’s own environment is read', () => {
  expect(loadProcessConfig().port).toBe(Number(process.env.PORT || 4000));
});
