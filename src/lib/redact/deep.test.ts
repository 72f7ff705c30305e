import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { positives } from './corpus.ts';
import { redactDeep } from './deep.ts';
import { findPersonalData } from './text.ts';

describe('redactDeep', () => {
  test('every string is redacted, at any depth', () => {
    expect(redactDeep({ a: ['x', { b: 'ann@example.com' }], c: 1, d: null, e: true })).toEqual({
      a: ['x', { b: '[EMAIL]' }],
      c: 1,
      d: null,
      e: true,
    });
  });

  test('a string under a sensitive key is replaced whole, also inside an array', () => {
    const value = {
      password: 'abc',
      apiKey: 'k',
      cookies: ['a', 'b'],
      headers: { Authorization: 'x' },
      cvv: 123,
      pin: '',
      accessToken: '[JWT]',
      newPassword: 'q',
    };

    expect(redactDeep(value)).toEqual({
      password: '[PASSWORD]',
      apiKey: '[TOKEN]',
      cookies: ['[TOKEN]', '[TOKEN]'],
      headers: { Authorization: '[TOKEN]' },
      cvv: '[CARD]',
      pin: '',
      accessToken: '[JWT]',
      newPassword: '[PASSWORD]',
    });
  });

  test('keys of keyboards, sessions and counts are no secrets', () => {
    const value = {
      key: 'Enter',
      code: 'KeyA',
      sessionId: 's1',
      tokens: 512,
      maxTokens: 9,
      token: 5,
      hasPassword: true,
      passwordStrength: 'weak',
      tokenType: 'x',
    };
    expect(redactDeep(value)).toBe(value);
  });

  test('the value beside a sensitive name, type or label is replaced', () => {
    expect(redactDeep({ type: 'password', value: 'hunter2' })).toEqual({
      type: 'password',
      value: '[PASSWORD]',
    });
    expect(
      redactDeep([
        { name: 'Cookie', value: 'a' },
        { name: 'q', value: 'tea' },
      ]),
    ).toEqual([
      { name: 'Cookie', value: '[TOKEN]' },
      { name: 'q', value: 'tea' },
    ]);
  });

  test('names and labels that are not strings do no harm', () => {
    const value = { name: 1, type: {}, label: [], id: true, autocomplete: null, value: 'tea' };
    expect(redactDeep(value)).toBe(value);
  });

  test('addresses are redacted as URLs, by key or by their start', () => {
    expect(
      redactDeep({
        href: '/a?code=1x',
        page: { url: '/b?code=2x' },
        list: ['https://x.com/?code=3x'],
        text: '/c?code=4x',
      }),
    ).toEqual({
      href: '/a?code=[TOKEN]',
      page: { url: '/b?code=[TOKEN]' },
      list: ['https://x.com/?code=[TOKEN]'],
      text: '/c?code=4x',
    });
  });

  test('keys are redacted too, and keys that become alike are numbered', () => {
    expect(redactDeep({ 'a@b.com': 1, 'c@d.com': 2 })).toEqual({ '[EMAIL]': 1, '[EMAIL] 2': 2 });
  });

  test('an own __proto__ key stays a key', () => {
    const redacted = redactDeep(JSON.parse('{"__proto__":{"m":"ann@example.com"}}'));
    expect(JSON.stringify(redacted)).toBe('{"__proto__":{"m":"[EMAIL]"}}');
  });

  test('a card number written as a JSON number is replaced, an instant is not', () => {
    expect(redactDeep([4111111111111111, 1700000000000, 17000000000000, 0.5])).toEqual([
      '[CARD]',
      1700000000000,
      17000000000000,
      0.5,
    ]);
  });

  test('untouched branches are shared and an untouched value is the same object', () => {
    const value = {
      kept: { list: ['a'] },
      changed: ['ann@example.com'],
      not: Number.NaN,
      nots: [Number.NaN],
    };

    const redacted = redactDeep(value);

    expect(redacted).not.toBe(value);
    expect(redacted.kept).toBe(value.kept);
    expect(redactDeep(redacted)).toBe(redacted);
    expect(value.changed).toEqual(['ann@example.com']);
  });

  test('what is nested too deeply is dropped, not overflowed', () => {
    const redacted = redactDeep(JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`));
    expect(JSON.stringify(redacted)).toBe(`${'['.repeat(256)}null${']'.repeat(256)}`);
  });

  test('keys without end do not fill the memory', () => {
    for (let i = 0; i < 5000; i++)
      redactDeep({ [`key ${i}`]: 'x', [`${'long'.repeat(60)}${i}`]: 'y' });
    expect(redactDeep({ password: 'x' })).toEqual({ password: '[PASSWORD]' });
  });

  test('any JSON: idempotent, shared when unchanged, nothing left to find', () => {
    const leaf = fc.oneof(
      fc.constantFrom(...positives.map(([, text]) => text)),
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.double(),
      fc.constant(null),
    );
    const key = fc.oneof(
      fc.constantFrom('url', 'password', 'value', 'name', 'type', 'label', 'a@b.com'),
      fc.string(),
    );
    const json = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).any;
    fc.assert(
      fc.property(json, (value) => {
        const before = structuredClone(value);
        const once = redactDeep(value);
        expect(redactDeep(once)).toBe(once);
        expect(value).toEqual(before);
        for (const text of stringsOf(once)) expect(findPersonalData(text)).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });
});

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return [...Object.keys(value), ...Object.values(value).flatMap(stringsOf)];
}
