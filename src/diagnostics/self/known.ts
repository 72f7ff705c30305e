import { isIP } from 'node:net';
import type { DatabaseAddress } from '../../platform/db.ts';
import type { Details } from '../../reporter/types.ts';

type Like = {
  message?: unknown;
  code?: unknown;
  stack?: unknown;
  errors?: unknown;
  address?: unknown;
  port?: unknown;
  hostname?: unknown;
  table?: unknown;
  constraint?: unknown;
  cause?: unknown;
  status?: unknown;
  name?: unknown;
  meta?: unknown;
  modelName?: unknown;
  driverAdapterError?: unknown;
  originalCode?: unknown;
};

/** Of Postgres (class 08, 57P, 53300) and of Prisma: there is no connection to the database. */
const away = /^(08\w{3}|57P0[1-5]|53300|P1001|P1002|P1008|P1017|P2024|P2028)$/;
/** In the words of the driver and of Postgres. */
const awayWords =
  /connection terminated|can't reach database|client has encountered a connection error|the database system is|is not currently accepting connections/i;
/** Of Node: there is no connection, to whatever it was. */
const unreached = /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH)$/;
const unreachedWords = /server closed the connection|connection timeout|timeout exceeded/i;
const ofDriver = /[\\/]node_modules[\\/](pg|pg-pool|pg-boss|@prisma)[\\/]/;

/**
 * Whether an error, or what caused it, says that the database cannot be reached. An error of the network
 * counts where it names the database's address, or names none and comes through its driver: another
 * service that is away is not the database.
 *
 * @param isOfDatabase it is known to come from a connection to the database
 */
export function isDatabaseAway(
  error: unknown,
  { database, isOfDatabase = false }: { database: DatabaseAddress; isOfDatabase?: boolean },
): boolean {
  const chain = chainOf(error);
  if (chain.some(({ name }) => name === 'ModelServerError')) return false;
  const isItsDriver =
    isOfDatabase ||
    chain.some(
      ({ name, stack }) =>
        /^(PrismaClient|DriverAdapter)/.test(String(name)) || ofDriver.test(String(stack)),
    );
  return chain.some(({ code, originalCode, message, address, port, hostname, errors }) => {
    const codes = [code, originalCode].map(String);
    if (codes.some((one) => away.test(one)) || awayWords.test(String(message))) return true;
    if (!codes.some((one) => unreached.test(one)) && !unreachedWords.test(String(message)))
      return false;
    if (hostname !== undefined) return hostname === database.host;
    if (port !== undefined)
      return port === database.port && (isIP(database.host) === 0 || address === database.host);
    return !Array.isArray(errors) && isItsDriver; // an error for each address of a name says where
  });
}

/** What an error tells of itself beside its words: SQLSTATE, table, constraint; a provider's status and code. */
export function detailsOf(error: unknown): Details {
  const chain = chainOf(error);
  const model = chain.find(({ name }) => name === 'ModelServerError');
  if (model)
    return {
      category: model.status === 429 ? 'RATE_LIMIT_EXCEEDED' : 'AI_PROVIDER_ERROR',
      response: { status: Number(model.status ?? 0), code: textOf(model.code) },
    };
  const state = chain.map(({ originalCode }) => textOf(originalCode)).find(Boolean);
  const code =
    state ??
    chain.map((one) => textOf(one.code)).find((one) => /^([0-9A-Z]{5}|P\d{4})$/.test(one ?? ''));
  if (!code) return {};
  const first = (name: 'table' | 'modelName') =>
    chain.map((one) => textOf(one[name])).find(Boolean);
  return {
    platform: 'DATABASE',
    database: {
      code,
      table: first('table') ?? first('modelName'),
      constraint: chain.map(({ constraint }) => constraintOf(constraint)).find(Boolean),
    },
  };
}

/** An error, its causes, and where Prisma keeps the one of the driver. */
function chainOf(error: unknown): Like[] {
  const chain = new Set([error]);
  for (const one of chain) {
    if (!(one instanceof Object) || chain.size > 12) continue;
    const { cause, meta, driverAdapterError, errors } = one as Like;
    const several = Array.isArray(errors) ? errors.slice(0, 4) : [];
    for (const next of [cause, meta, driverAdapterError, ...several]) chain.add(next);
  }
  return [...chain].filter((one) => one instanceof Object);
}

/** Its name, or, as Prisma's adapter has it, its index, its foreign key or its columns. */
function constraintOf(value: unknown): string | undefined {
  const { index, fields, foreignKey } = Object(value) as {
    index?: unknown;
    fields?: unknown;
    foreignKey?: unknown;
  };
  if (Array.isArray(fields)) return textOf(fields.map(String).join(', '));
  return textOf(value) ?? textOf(index) ?? textOf(foreignKey);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value ? value.slice(0, 200) : undefined;
}
