import { expect, test } from 'vitest';
import { openLog } from './log.ts';
import { withTrace } from './trace.ts';

/** A log and the lines that it wrote. */
function makeLog(level: string) {
  const lines: Record<string, unknown>[] = [];
  const log = openLog(level, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}

test('a line is JSON with the instant, the level in words and what was given', () => {
  const { log, lines } = makeLog('info');

  log.info({ sessionId: 'abc', count: 3 }, 'something happened');

  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      pid: process.pid,
      sessionId: 'abc',
      count: 3,
      msg: 'something happened',
    },
  ]);
});

test('a line of work in a trace names the trace, as reports and answers do', () => {
  const { log, lines } = makeLog('info');
  const traceId = '0af7651916cd43dd8448eb211c80319c';

  withTrace(`00-${traceId}-b7ad6b7169203331-01`, () => {
    log.info('in it');
    log.info({ correlationId: 'its own' }, 'in it');
  });
  log.info('outside');

  expect(lines.map(({ correlationId }) => correlationId)).toEqual([traceId, 'its own', undefined]);
});

test('levels below the chosen one are not written', () => {
  const { log, lines } = makeLog('warn');

  log.debug('no');
  log.info('no');
  log.warn('yes');
  log.error('yes');

  expect(lines.map(({ msg }) => msg)).toEqual(['yes', 'yes']);
});

test('no line shows what a participant typed, wherever it stands: message, field, error or cause', () => {
  const { log, lines } = makeLog('trace');
  const secret = 'ann.miller@example.com';
  const cause = new Error(`row with ${secret}`);

  log.warn({ err: new Error(`Invalid value "${secret}"`, { cause }) }, `failed for ${secret}`);
  log.info({ nested: { list: [secret], url: `https://a.example/?mail=${secret}` } }, 'told');
  log.info(secret);
  log.error(new Error(secret));
  log.error({ err: new Error(secret) });
  log.error(new Error(secret), secret);
  log.info('given as %s', secret);

  expect(lines).toHaveLength(7);
  const text = JSON.stringify(lines);
  expect(text).not.toContain('ann.miller');
  expect(text).toContain('[EMAIL]');
});

test('tokens, passwords, keys and cookies are not written', () => {
  const { log, lines } = makeLog('info');

  log.info({
    authorization: 'Bearer abc',
    request: { authorization: 'abc', token: 'abc', password: 'abc', key: 'abc' },
    headers: { cookie: 'abc' },
  });

  expect(JSON.stringify(lines)).not.toContain('abc');
});

test('an error with fields of its own keeps its message and its stack', () => {
  const { log, lines } = makeLog('info');

  const detail = 'Key (email)=(ann@example.com) already exists.';
  log.error({ err: Object.assign(new Error('duplicate'), { detail }) }, 'failed');

  const [line] = lines as { err: Record<string, string> }[];
  expect(line?.err).toMatchObject({
    message: 'duplicate',
    detail: 'Key (email)=([EMAIL]) already exists.',
    stack: expect.stringContaining('log.test.ts'),
  });
});
