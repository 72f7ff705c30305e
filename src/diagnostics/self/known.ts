import type { Details } from '../../reporter/types.ts';

type Like = {
  message?: unknown;
  code?: unknown;
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

/** Of Node, of Postgres (class 08, 57P, 53300) and of Prisma: there is no connection to the database. */
const away =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT|08\w{3}|57P0[1-5]|53300|P1001|P1002|P1008|P1017|P2024|P2028)$/;
const awayWords =
  /connection terminated|server closed the connection|connection timeout|can't reach database|client has encountered a connection error|the database system is/i;

/** Whether an error, or what caused it, says that the database cannot be reached. */
export function isDatabaseAway(error: unknown): boolean {
  return chainOf(error).some(({ code, originalCode, name, message }) => {
    if (name === 'ModelServerError') return false;
    const codes = [code, originalCode].map(String);
    return codes.some((one) => away.test(one)) || awayWords.test(String(message));
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
  const first = (name: 'table' | 'constraint' | 'modelName') =>
    chain.map((one) => textOf(one[name])).find(Boolean);
  return {
    platform: 'DATABASE',
    database: {
      code,
      table: first('table') ?? first('modelName'),
      constraint: first('constraint'),
    },
  };
}

/** An error, its causes, and where Prisma keeps the one of the driver. */
function chainOf(error: unknown): Like[] {
  const chain = new Set([error]);
  for (const one of chain) {
    if (!(one instanceof Object) || chain.size > 12) continue;
    const { cause, meta, driverAdapterError } = one as Like;
    for (const next of [cause, meta, driverAdapterError]) chain.add(next);
  }
  return [...chain].filter((one) => one instanceof Object);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value ? value.slice(0, 200) : undefined;
}
