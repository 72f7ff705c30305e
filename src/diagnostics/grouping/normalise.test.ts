import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normaliseMessage, steps } from './normalise.ts';

test.each([
  ['email', 'User jane.doe@example.org not found', 'User <email> not found'],
  ['email, redacted before', 'User [EMAIL] not found', 'User <email> not found'],
  ['url', 'GET https://api.shop.test/v1/orders/42?x=1 failed', 'GET <url> failed'],
  [
    'host name',
    'getaddrinfo ENOTFOUND db.internal.example.com',
    'getaddrinfo ENOTFOUND <hostname>',
  ],
  ['ip', 'connect ECONNREFUSED 10.1.2.3:5432', 'connect ECONNREFUSED <ip>'],
  ['ip 6', 'connect to fe80::1ff:fe23:4567:890a failed', 'connect to <ip> failed'],
  ['traceparent', 'in 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'in <traceparent>'],
  ['uuid', 'session 01890a5d-ac96-774b-bcce-b302099a8057 is gone', 'session <uuid> is gone'],
  ['ulid', 'order 01ARZ3NDEKTSV4RRFFQ69G5FAV is gone', 'order <id> is gone'],
  ['nanoid', 'doc V1StGXR8_Z5jdHi6B-myT is gone', 'doc <id> is gone'],
  ['cuid', 'row cjld2cjxh0000qzrmn831i7rn is gone', 'row <id> is gone'],
  ['did', 'peer did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK left', 'peer <peer> left'],
  ['peer id', 'peer 12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA left', 'peer <peer> left'],
  ['sha1', 'object da39a3ee5e6b4b0d3255bfef95601890afd80709 missing', 'object <sha1> missing'],
  ['md5', 'object d41d8cd98f00b204e9800998ecf8427e missing', 'object <md5> missing'],
  [
    'extension id',
    'cannot reach abcdefghijklmnopabcdefghijklmnop now',
    'cannot reach <extension> now',
  ],
  ['date', 'not before 2026-11-26T10:00:00.000Z at all', 'not before <date> at all'],
  ['date in words', 'not before Nov 26, 2026 at all', 'not before <date> at all'],
  ['duration', 'timeout of 5000ms exceeded', 'timeout of <duration> exceeded'],
  ['hex', 'at 0x7ffdeadbeef', 'at <hex>'],
  ['git sha', 'build 3cc18b1 is broken', 'build <git> is broken'],
  ['float', 'ratio 0.75 is too low', 'ratio <float> is too low'],
  ['int', 'index 42 is out of range', 'index <int> is out of range'],
  ['quoted value after =', 'no row with name="Jane" here', 'no row with name=<quoted> here'],
  ['boolean after =', 'flag dry=true is unknown', 'flag dry=<boolean> is unknown'],
])('%s is taken out', (_kind, message, expected) => {
  expect(normaliseMessage(message)).toBe(expected);
});

test.each([
  "Cannot read properties of undefined (reading 'total')",
  'Expected a session that is ACTIVE or PAUSED, this one is ENDED.',
  'user.profile.name is not a function',
  'relation "orders" does not exist',
  'Unexpected token < in JSON',
])('words stay: %s', (message) => {
  expect(normaliseMessage(message)).toBe(message);
});

test('the order is that of the specification', () => {
  expect(steps.map(({ name }) => name)).toEqual([
    'email',
    'url',
    'hostname',
    'ip',
    'traceparent',
    'uuid',
    'id',
    'did',
    'sha1',
    'md5',
    'extension id',
    'date',
    'duration',
    'hex',
    'git sha',
    'float',
    'int',
    'quoted',
    'boolean',
  ]);
});

test('only the first two lines that hold something count', () => {
  expect(normaliseMessage('\n\n one \n\ttwo\nthree')).toBe('one\ntwo');
});

const piece = fc.oneof(
  fc.constantFrom(...'abcdef0123456789-:./@=_+" \''.split('')),
  fc.constantFrom(
    'user@example.org',
    'https://a.test/1',
    '10.0.0.1',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    '2026-11-26',
    '5ms',
    '0xff',
    'deadbeef',
    '1.5',
    '="x"',
    '=true',
    '<int>',
    '12:30:45',
    'did:key:z6Mk',
    '::1',
    'a.b.com',
  ),
  fc.string({ maxLength: 6 }),
);

test('normalising twice is normalising once', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = normaliseMessage(pieces.join(''));
      expect(normaliseMessage(once)).toBe(once);
    }),
    { numRuns: 500 },
  );
});

test('what stands for values does not matter: two messages of one form are one', () => {
  const values = fc.record({
    id: fc.uuid(),
    count: fc.nat(),
    ms: fc.nat(99_999),
    mail: fc.emailAddress(),
  });
  const message = ({ id, count, ms }: { id: string; count: number; ms: number }) =>
    `Order ${id} has ${count} lines and took ${ms}ms`;
  fc.assert(
    fc.property(values, values, (a, b) => {
      expect(normaliseMessage(message(a))).toBe(normaliseMessage(message(b)));
    }),
  );
});

test('a long message costs little time', () => {
  for (const unit of ['a', 'a.', '1.', '::', 'a@', '=" ', '-', '0 ', 'http:', 'did:', 'jan '])
    expect(normaliseMessage(unit.repeat(50_000)).length).toBeLessThan(8_192);
});

/** The rules alone: every pattern in every round. */
function normaliseSlowly(message: string): string {
  const isCut = message.length > 2_048;
  let text = (isCut ? message.slice(0, 2_048).replace(/[\ud800-\udbff]$/, '') : message)
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '')
    .slice(0, 2)
    .join('\n');
  for (let round = 0; round < 10; round += 1) {
    const before = text;
    for (const { pattern, replace } of steps)
      text =
        typeof replace === 'string'
          ? text.replace(pattern, replace)
          : text.replace(pattern, replace);
    if (text === before) break;
  }
  return text;
}

test('patterns that cannot match are not tried, and nothing is missed by that', () => {
  const pieces = [
    ...'aZ09 _-.:@[]=/<>"\'#+%é\u00a0\u2028',
    ...[
      '\t',
      '\n',
      '\r\n',
      '  ',
      'localhost',
      'LOCALHOST:80',
      'jane@shop.test',
      '[EMAIL]',
      '[IP]',
      '::1',
    ],
    ...[
      'https://',
      'db.internal',
      '10.0.0.1',
      '5000ms',
      '2026-11-26',
      'Nov 26, 2026',
      '0x1f',
      '1.5',
      '=true',
    ],
    ...['="x"', 'did:key:z6Mk', 'deadbeef', 'da39a3ee5e6b4b0d3255bfef95601890afd80709', '3cc18b1'],
    ...[
      'V1StGXR8_Z5jdHi6B-myT',
      '01890a5d-ac96-774b-bcce-b302099a8057',
      'abcdefghijklmnopabcdefghijklmnop',
    ],
    ...['12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA', 'x'.repeat(2_040)],
  ];
  const messages = fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 4 })), {
      maxLength: 30,
    })
    .map((parts) => parts.join(''));

  fc.assert(
    fc.property(messages, (message) => {
      expect(normaliseMessage(message)).toBe(normaliseSlowly(message));
    }),
    { numRuns: 500 },
  );
});
