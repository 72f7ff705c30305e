import fc from 'fast-check';
import { findPhoneNumbersInText } from 'libphonenumber-js';
import validator from 'validator';
import { describe, expect, test } from 'vitest';
import { negatives, positives } from './corpus.ts';
import { findPersonalData, redactText } from './text.ts';

/** Text made of what the detectors react to, so that finds touch and overlap. */
const fragments = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...positives.map(([, text]) => text),
        ...'@ . - _ : = / # + ( ) [ ] % %40 0 1 555 2024 password token is eyJ :: \u200b \u0301 \ud835 \udfce \ud83d\ude00 [EMAIL]'.split(
          ' ',
        ),
        ' ',
        '\n',
        '"',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(fragments, fc.string({ unit: 'binary', maxLength: 200 }));

describe('on the labelled corpus', () => {
  test('the corpus has at least 150 positives and 150 negatives', () => {
    expect(positives.length).toBeGreaterThanOrEqual(150);
    expect(negatives.length).toBeGreaterThanOrEqual(150);
  });

  test.each(positives)('finds one %s in %j', (kind, text) => {
    expect(findPersonalData(text).map((find) => find.kind)).toEqual([kind]);
    expect(redactText(text)).toContain(`[${kind}]`);
  });

  test.each(negatives)('leaves %j alone', (text) => {
    expect(redactText(text)).toBe(text);
  });

  test('more is found, and less is wrongly found, than by validator and libphonenumber-js', () => {
    const ours = {
      found: 0,
      wrong: negatives.filter((text) => findPersonalData(text).length > 0).length,
    };
    const theirs = { found: 0, wrong: negatives.filter((text) => peersFind(text)).length };
    for (const [, text] of positives) {
      if (findPersonalData(text).length > 0) ours.found++;
      if (peersFind(text)) theirs.found++;
    }

    expect(ours).toEqual({ found: positives.length, wrong: 0 });
    expect(theirs.found).toBeLessThan(ours.found * 0.75);
    expect(theirs.wrong).toBeGreaterThan(0);
  });
});

describe('whatever the text', () => {
  test('redacting twice is redacting once', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = redactText(text);
        expect(redactText(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  test('nothing detectable is left', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(findPersonalData(redactText(text))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  test('finds are ordered, disjoint, not empty and inside the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let last = 0;
        for (const { start, end } of findPersonalData(text)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 2000 },
    );
  });

  test('well-formed text stays well-formed: no surrogate pair is split', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(redactText(text.toWellFormed()).isWellFormed()).toBe(true);
      }),
    );
  });

  test.each([
    '@',
    'a@',
    'a@a.',
    '1 ',
    '1.1.',
    '1-',
    '(1',
    '+1',
    'eyJ',
    'eyJa.',
    'password:',
    'password:"',
    "token='",
    'a:',
    '::1',
    '-----BEGIN PRIVATE KEY-----',
    'DE89',
    'DE 89 ',
    'cookie: a',
    'Bearer ',
    '%40',
    'a%2',
    '\u200b',
    '\uff11',
    '\ud835',
    'aB1-',
    'x'.repeat(31),
    '0',
    '020 ',
    '4111 ',
    '://a:',
    ';base64,',
    'basic ',
    'token is ',
    '\u0301',
    'a.b',
    'sk-',
    'tel ',
    'a@b.co',
    '4111111111111111 ',
    '1.2.3.44 ',
    'a@b.co1.2.3.44',
  ])('100 kB of %j take time linear in the length', { retry: 3 }, (unit) => {
    const text = unit.repeat(Math.ceil(100_000 / unit.length));

    const start = performance.now();
    redactText(text);

    expect(performance.now() - start).toBeLessThan(1500); // quadratic time would be minutes
  });
});

describe('replacing', () => {
  test('the same string is returned when nothing is found', () => {
    expect(redactText('Add to cart')).toBe('Add to cart');
    expect(redactText('a@b')).toBe('a@b');
  });

  test('every find of a text is replaced and the rest is kept', () => {
    expect(
      redactText(
        'Ann <ann@example.com>, 202-555-0143 or 202-555-0144; card 4111 1111 1111 1111 \u{1f600}',
      ),
    ).toBe('Ann <[EMAIL]>, [PHONE] or [PHONE]; card [CARD] \u{1f600}');
  });

  test('a number after a date is still found', () => {
    expect(redactText('2024-01-15 202-555-0143')).toBe('2024-01-15 [PHONE]');
  });

  test('combining marks after a find go with it', () => {
    expect(redactText('a@example.com\u0301!')).toBe('[EMAIL]!');
    expect(redactText('a@example.com\u8054\u7cfb')).toBe('[EMAIL]\u8054\u7cfb');
  });

  test('a secret that holds another find is replaced as one, by the name of the secret', () => {
    expect(redactText('password=ann@example.com!x next')).toBe('password=[PASSWORD] next');
  });

  test('letters of mathematics are not digits, digits of mathematics are', () => {
    expect(redactText('\u{1d4b6}\u{1d4b7} 123456')).toBe('\u{1d4b6}\u{1d4b7} 123456');
    expect(redactText('\u{1d7d2}111 1111 1111 1111')).toBe('[CARD]');
    expect(redactText('\u0664111 1111 1111 1111')).toBe('[CARD]');
    expect(redactText('\u096a111111111111111')).toBe('[CARD]');
  });

  test('chains of finds that touch each other leave nothing to find', () => {
    const chain = 'ghp_'.concat('a1'.repeat(20));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(chain, '4111111111111111', 'x', '-', '.'), { maxLength: 40 }),
        (parts) => {
          expect(findPersonalData(redactText(parts.join('')))).toEqual([]);
        },
      ),
    );
  });
});

test('a UUID stays an id, though its end looks like a bank account', () => {
  const id = '476b6815-883d-418c-be35-75b4037fabf2';

  expect(redactText(id)).toBe(id);
});

/** The peers' answer: words for validator, the text for libphonenumber-js. */
function peersFind(text: string): boolean {
  const words = text.split(/[\s,;<>()"'=]+/);
  const isKnown = (word: string) =>
    validator.isEmail(word) ||
    validator.isCreditCard(word) ||
    validator.isIBAN(word) ||
    validator.isIP(word) ||
    validator.isJWT(word);
  if (words.some(isKnown) || [text, text.replace(/^[^:]*: ?/, '')].some(isKnown)) return true;
  return findPhoneNumbersInText(text, 'US').length > 0;
}
