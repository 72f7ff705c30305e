import type { Report } from '../../contract/report.ts';
import { typesOnly } from '../../lib/contracts/type-words.ts';
import { redactJson } from '../../privacy/redact.ts';

/** Headers that say something about a fault and nothing about a person; all others are removed. */
const allowedHeaders = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'access-control-allow-origin',
  'age',
  'alt-svc',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'etag',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'last-modified',
  'origin',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'referer',
  'retry-after',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'server',
  'server-timing',
  'traceparent',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'vary',
  'via',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
  'x-trace-id',
]);

/**
 * The report without personal data, whatever its reporter let through: headers by an allow list,
 * values out of statements and of the words of databases, every string through the redactor. The user
 * is taken out; the caller keeps a digest.
 */
export function redactReport(report: Report): Report {
  const { user: _user, request, response, database, contract, ...rest } = report;
  const isDatabase = database != null || report.platform === 'DATABASE' || hasDatabaseWords(report);
  return redactJson({
    ...rest,
    ...(isDatabase
      ? {
          message: rest.message == null ? rest.message : withoutValues(rest.message),
          exceptions: rest.exceptions.map((exception) =>
            exception.message
              ? { ...exception, message: withoutValues(exception.message) }
              : exception,
          ),
        }
      : {}),
    ...(request ? { request: { ...request, headers: allowed(request.headers) } } : {}),
    ...(response ? { response: { ...response, headers: allowed(response.headers) } } : {}),
    ...(contract
      ? { contract: { ...contract, deviations: contract.deviations?.map(typesOnly) } }
      : {}),
    ...(database
      ? {
          database: {
            ...database,
            queryShape: database.queryShape && shapeOf(database.queryShape),
          },
        }
      : {}),
  });
}

/** A statement with `?` for every value in it; `$1` and names stay. */
export function shapeOf(statement: string): string {
  return statement
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, '?')
    .replaceAll(/(?:\b[eEnNbBxX])?'(?:[^'\\]|''|\\.)*(?:'|$)/g, '?')
    .replaceAll(/(?<![\w$."])[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w"])/gi, '?')
    .replaceAll(/\(\s*\?(?:\s*,\s*\?)+\s*\)/g, '(?, …)')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * Words of a database without the values that it repeats: `Key (email)=(a@b.c) already exists`,
 * `invalid input syntax for type uuid: "x"`, and the arguments that Prisma prints.
 */
function withoutValues(message: string): string {
  const text = /^\s*Invalid `[^`]*` invocation/.test(message) ? withoutArguments(message) : message;
  return text
    .replaceAll(/\)=\([^\n]*?\)(?=\s|[.,;]|$)/g, ')=(?)')
    .replaceAll(/(?<=\bFailing row contains )\([^\n]*\)/g, '(?)')
    .replaceAll(/(?<=: )"(?:[^"\\\n]|\\.)*"/g, '"?"')
    .replaceAll(/(?<=\bvalue )"(?:[^"\\\n]|\\.)*"/g, '"?"');
}

/** What Prisma says of a call: its first line and its last paragraph, without the call itself. */
function withoutArguments(message: string): string {
  const lines = message.split('\n').map((line) => line.trim());
  const first = lines.find((line) => line !== '') ?? '';
  const last = lines.findLast((line) => line !== '') ?? '';
  return first === last ? first : `${first}\n${last}`;
}

function hasDatabaseWords({ exceptions }: Report): boolean {
  return exceptions.some(
    ({ type, message }) =>
      /^(?:Prisma|Postgres|DatabaseError|QueryFailed|Sequelize)/.test(type ?? '') ||
      /\)=\(|Failing row contains|invalid input (?:syntax|value) for/.test(message ?? ''),
  );
}

function allowed(
  headers: Record<string, string> | null | undefined,
): Record<string, string> | null {
  if (!headers) return null;
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => allowedHeaders.has(name)),
  );
}
