import { describe, expect, test } from 'vitest';
import { aReport } from '../../../test/reports.ts';
import { Report, type ReportCategory, reportCategories } from '../../contract/report.ts';
import { categoryOf, severityOf } from './classify.ts';

const bare = { exceptions: [] };
const database = (code: string) => ({ ...bare, database: { code } });
const status = (code: number, url = 'https://api.shop.test/') => ({
  ...bare,
  response: { status: code },
  request: { url },
});
const closed = (closeCode: number) => ({ ...bare, response: { closeCode } });
const code = (name: string) => ({ ...bare, response: { code: name } });
const thrown = (type: string, message = '') => ({ exceptions: [{ type, message }] });
const sync = (type: string) => ({ ...bare, sync: { type } });
const contract = (violation: string) => ({ ...bare, contract: { operation: 'Pay', violation } });

const rules: [what: string, report: Record<string, unknown>, category: ReportCategory][] = [
  ['SQLSTATE 23505, unique', database('23505'), 'CONSTRAINT_VIOLATION'],
  ['SQLSTATE 23503, foreign key', database('23503'), 'CONSTRAINT_VIOLATION'],
  ['SQLSTATE 44000, check option', database('44000'), 'CONSTRAINT_VIOLATION'],
  ['SQLSTATE 40001, serialisation', database('40001'), 'TRANSACTION_ROLLBACK'],
  ['SQLSTATE 40P01, deadlock', database('40P01'), 'TRANSACTION_ROLLBACK'],
  ['SQLSTATE 25P02, failed transaction', database('25P02'), 'TRANSACTION_ROLLBACK'],
  ['SQLSTATE 42P01, no table', database('42P01'), 'SCHEMA_VIOLATION'],
  ['SQLSTATE 42703, no column', database('42703'), 'SCHEMA_VIOLATION'],
  ['SQLSTATE 42501, no privilege', database('42501'), 'PERMISSION_DENIED'],
  ['SQLSTATE 28P01, wrong password', database('28P01'), 'PERMISSION_DENIED'],
  ['SQLSTATE 08006, connection', database('08006'), 'CONNECTION_LOST'],
  ['SQLSTATE 08P01, protocol', database('08P01'), 'PROTOCOL_VIOLATION'],
  ['SQLSTATE 57014, cancelled', database('57014'), 'NETWORK_TIMEOUT'],
  ['SQLSTATE 57P01, shut down', database('57P01'), 'SERVICE_UNAVAILABLE'],
  ['SQLSTATE 53300, too many connections', database('53300'), 'SERVICE_UNAVAILABLE'],
  ['SQLSTATE 22001, too long', database('22001'), 'INPUT_TOO_LARGE'],
  ['SQLSTATE 22P02, bad syntax of a value', database('22P02'), 'VALIDATION_FAILED'],
  ['SQLSTATE 53100, disk full', database('53100'), 'DATABASE_ERROR'],
  ['SQLSTATE XX001, corrupted', database('XX001'), 'DATABASE_ERROR'],
  ['Prisma P1001', database('P1001'), 'SERVICE_UNAVAILABLE'],
  ['Prisma P2002', database('P2002'), 'CONSTRAINT_VIOLATION'],
  ['Prisma P2022', database('P2022'), 'SCHEMA_VIOLATION'],
  ['Prisma P2024', database('P2024'), 'NETWORK_TIMEOUT'],
  ['Prisma P2034', database('P2034'), 'TRANSACTION_ROLLBACK'],
  ['a code of Prisma as the code of the response', code('P2003'), 'CONSTRAINT_VIOLATION'],
  ['a SQLSTATE as the code of the response', code('23514'), 'CONSTRAINT_VIOLATION'],
  ['HTTP 400', status(400), 'MALFORMED_REQUEST'],
  ['HTTP 401', status(401), 'TOKEN_INVALID'],
  ['HTTP 403', status(403), 'PERMISSION_DENIED'],
  ['HTTP 408', status(408), 'NETWORK_TIMEOUT'],
  ['HTTP 413', status(413), 'INPUT_TOO_LARGE'],
  ['HTTP 422', status(422), 'VALIDATION_FAILED'],
  ['HTTP 426', status(426), 'VERSION_MISMATCH'],
  ['HTTP 429', status(429), 'RATE_LIMIT_EXCEEDED'],
  ['HTTP 500', status(500), 'SERVICE_UNAVAILABLE'],
  ['HTTP 503', status(503), 'SERVICE_UNAVAILABLE'],
  ['HTTP 504', status(504), 'NETWORK_TIMEOUT'],
  [
    'HTTP 500 of a provider of models',
    status(500, 'https://api.openai.com/v1/chat'),
    'AI_PROVIDER_ERROR',
  ],
  [
    'HTTP 400 of a provider of models',
    status(400, 'https://api.anthropic.com/v1/messages'),
    'AI_PROVIDER_ERROR',
  ],
  [
    'HTTP 429 of a provider of models',
    status(429, 'https://api.openai.com/v1/chat'),
    'RATE_LIMIT_EXCEEDED',
  ],
  ['WebSocket 1002', closed(1002), 'PROTOCOL_VIOLATION'],
  ['WebSocket 1006', closed(1006), 'CONNECTION_LOST'],
  ['WebSocket 1009', closed(1009), 'INPUT_TOO_LARGE'],
  ['WebSocket 1012', closed(1012), 'SERVICE_UNAVAILABLE'],
  ['WebSocket 1013', closed(1013), 'RATE_LIMIT_EXCEEDED'],
  ['WebSocket 4401', closed(4401), 'TOKEN_INVALID'],
  ['WebSocket 4403', closed(4403), 'AUTH_EXPIRED'],
  ['WebSocket 4408', closed(4408), 'NETWORK_TIMEOUT'],
  ['ECONNREFUSED', code('ECONNREFUSED'), 'SERVICE_UNAVAILABLE'],
  ['ETIMEDOUT', code('ETIMEDOUT'), 'NETWORK_TIMEOUT'],
  ['ECONNRESET', code('ECONNRESET'), 'CONNECTION_LOST'],
  ['EPIPE', code('EPIPE'), 'CONNECTION_LOST'],
  ['ENOTFOUND', code('ENOTFOUND'), 'SERVICE_UNAVAILABLE'],
  ['CERT_HAS_EXPIRED', code('CERT_HAS_EXPIRED'), 'SERVICE_UNAVAILABLE'],
  ['HPE_INVALID_CONSTANT', code('HPE_INVALID_CONSTANT'), 'PROTOCOL_VIOLATION'],
  ['EACCES', code('EACCES'), 'PERMISSION_DENIED'],
  ['GraphQL UNAUTHENTICATED', code('UNAUTHENTICATED'), 'TOKEN_INVALID'],
  ['GraphQL FORBIDDEN', code('FORBIDDEN'), 'PERMISSION_DENIED'],
  ['GraphQL BAD_USER_INPUT', code('BAD_USER_INPUT'), 'VALIDATION_FAILED'],
  ['GraphQL GRAPHQL_VALIDATION_FAILED', code('GRAPHQL_VALIDATION_FAILED'), 'MALFORMED_REQUEST'],
  ['our RATE_LIMITED', code('RATE_LIMITED'), 'RATE_LIMIT_EXCEEDED'],
  ['our VERSION_CONFLICT', code('VERSION_CONFLICT'), 'SYNC_CONFLICT'],
  ['our OVERLOADED', code('OVERLOADED'), 'SERVICE_UNAVAILABLE'],
  [
    'a code in the words of Node',
    thrown('Error', 'connect ECONNREFUSED 10.0.0.1:5432'),
    'SERVICE_UNAVAILABLE',
  ],
  [
    'a code in the words of a browser',
    thrown('TypeError', 'net::ERR_INTERNET_DISCONNECTED'),
    'CONNECTION_LOST',
  ],
  ['TimeoutError', thrown('TimeoutError'), 'NETWORK_TIMEOUT'],
  ['ZodError', thrown('ZodError'), 'VALIDATION_FAILED'],
  [
    'PrismaClientInitializationError',
    thrown('PrismaClientInitializationError'),
    'SERVICE_UNAVAILABLE',
  ],
  ['PrismaClientUnknownRequestError', thrown('PrismaClientUnknownRequestError'), 'DATABASE_ERROR'],
  ['TokenExpiredError', thrown('TokenExpiredError'), 'AUTH_EXPIRED'],
  ['JsonWebTokenError', thrown('JsonWebTokenError'), 'TOKEN_INVALID'],
  ['QuotaExceededError', thrown('QuotaExceededError'), 'INPUT_TOO_LARGE'],
  ['OpenAIError', thrown('OpenAIError'), 'AI_PROVIDER_ERROR'],
  ['ElementNotFoundError', thrown('ElementNotFoundError'), 'EXTRACTION_FAILED'],
  ['Failed to fetch', thrown('TypeError', 'Failed to fetch'), 'CONNECTION_LOST'],
  ['socket hang up', thrown('Error', 'socket hang up'), 'CONNECTION_LOST'],
  ['deadlock in words', thrown('Error', 'deadlock detected'), 'TRANSACTION_ROLLBACK'],
  [
    'JSON that is none',
    thrown('SyntaxError', 'Unexpected token < in JSON at position 0'),
    'CONTENT_PARSE_ERROR',
  ],
  ['jwt expired', thrown('Error', 'jwt expired'), 'AUTH_EXPIRED'],
  [
    'a selector that was waited for',
    thrown('Error', 'waiting for selector `#pay` failed'),
    'EXTRACTION_FAILED',
  ],
  ['sync conflict', sync('conflict'), 'SYNC_CONFLICT'],
  ['sync stall', sync('stall'), 'SYNC_TIMEOUT'],
  ['sync of CRDTs', sync('crdt_divergence'), 'CRDT_CONFLICT'],
  ['sync of another version', sync('version_mismatch'), 'VERSION_MISMATCH'],
  ['contract RESPONSE_SCHEMA_ERROR', contract('RESPONSE_SCHEMA_ERROR'), 'CONTRACT_VIOLATION'],
  ['contract PARAM_MISMATCH', contract('PARAM_MISMATCH'), 'CONTRACT_VIOLATION'],
  ['contract TIMEOUT', contract('TIMEOUT'), 'NETWORK_TIMEOUT'],
  ['contract UNAVAILABLE', contract('UNAVAILABLE'), 'SERVICE_UNAVAILABLE'],
  ['a database that says no code', { ...bare, platform: 'DATABASE' }, 'DATABASE_ERROR'],
  ['an error that nobody foresaw', thrown('TypeError', 'x is undefined'), 'OTHER'],
];

describe('a report without a category is classified from its error', () => {
  test.each(rules)('%s', (_what, report, category) => {
    expect(categoryOf(Report.parse(aReport(report)))).toBe(category);
  });

  test('every category has a rule that leads to it', () => {
    const reached = new Set(rules.map(([, , category]) => category));

    expect(reportCategories.filter((category) => !reached.has(category))).toEqual([]);
  });

  test('the innermost cause that tells decides', () => {
    const chained = {
      exceptions: [{ type: 'CheckoutError' }, { type: 'ZodError' }, { type: 'TimeoutError' }],
    };

    expect(categoryOf(Report.parse(aReport(chained)))).toBe('NETWORK_TIMEOUT');
  });

  test('severity is by category', () => {
    expect(severityOf('DATABASE_ERROR')).toBe('CRITICAL');
    expect(severityOf('VALIDATION_FAILED')).toBe('LOW');
  });
});
