import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { positives } from './corpus.ts';
import { findPersonalData } from './text.ts';
import { redactUrl } from './url.ts';

describe('redactUrl', () => {
  test.each([
    [
      'https://x.com/cb?code=abc&state=xyz&page=2',
      'https://x.com/cb?code=[TOKEN]&state=[TOKEN]&page=2',
    ],
    [
      'https://x.com/#access_token=abc&expires_in=3600',
      'https://x.com/#access_token=[TOKEN]&expires_in=3600',
    ],
    ['https://x.com/#/reset?token=abc', 'https://x.com/#/reset?token=[TOKEN]'],
    ['https://x.com/?page=1#/reset?token=abc', 'https://x.com/?page=1#/reset?token=[TOKEN]'],
    ['https://x.com/?sort=price#reviews', 'https://x.com/?sort=price#reviews'],
    ['https://x.com/?token=abc#reviews', 'https://x.com/?token=[TOKEN]#reviews'],
    ['https://bob:pw@x.com:8080/a', 'https://x.com:8080/a'],
    ['https://bob:p@w@x.com', 'https://x.com'],
    ['https://x.com/@ann/likes', 'https://x.com/@ann/likes'],
    ['https://x.com/users/ann@example.com/edit', 'https://x.com/users/[EMAIL]/edit'],
    ['https://x.com/users/ann%40example.com/edit', 'https://x.com/users/[EMAIL]/edit'],
    ['https://x.com/users/%61nn%2540example.com', 'https://x.com/users/[EMAIL]'],
    ['https://x.com/a%20b/c?q=caf%C3%A9', 'https://x.com/a%20b/c?q=caf%C3%A9'],
    ['https://x.com/reset-password/0123456789abcdef0123', 'https://x.com/reset-password/[TOKEN]'],
    ['https://x.com/?q=mail+ann%40example.com+now', 'https://x.com/?q=mail%20[EMAIL]%20now'],
    ['https://x.com/?q=020+7946+0958', 'https://x.com/?q=[PHONE]'],
    [
      'https://x.com/?next=https%3A%2F%2Fy.com%2F%3Ftoken%3Dabc',
      'https://x.com/?next=https%3A%2F%2Fy.com%2F%3Ftoken%3D[TOKEN]',
    ],
    [
      'https://x.com/?session=true&key=&email=me&tel=1',
      'https://x.com/?session=true&key=&email=[EMAIL]&tel=1',
    ],
    ['https://x.com/?pass%77ord=abc', 'https://x.com/?pass%77ord=[PASSWORD]'],
    [
      'https://x.com/?q=%E0%A4%A&r=ann%40example.com%ff',
      'https://x.com/?q=%E0%A4%A&r=[EMAIL]%25ff',
    ],
    ['https://x.com/?flag&token=abc', 'https://x.com/?flag&token=[TOKEN]'],
    ['/login?api_key=abc', '/login?api_key=[TOKEN]'],
    ['mailto:ann@example.com?subject=hi', 'mailto:[EMAIL]?subject=hi'],
    ['tel:+12025550143', 'tel:[PHONE]'],
    ['not a url, ann@example.com', 'not a url, [EMAIL]'],
    ['data:image/png;base64,iVBORw0KGgo=', 'data:image/png;base64,iVBORw0KGgo='],
    ['http://192.168.1.5:3000/', 'http://192.168.1.5:3000/'],
  ])('%s becomes %s', (url, expected) => {
    expect(redactUrl(url)).toBe(expected);
  });

  test('it is idempotent and leaves nothing to find, whatever the parts', () => {
    const part = fc.oneof(
      fc.constantFrom(...positives.map(([, text]) => text)),
      fc.constantFrom(...positives.map(([, text]) => encodeURIComponent(text.toWellFormed()))),
      fc.constantFrom(
        'token',
        'q',
        'code',
        '=',
        '&',
        '#',
        '?',
        '/',
        '%',
        '%25',
        '+',
        '://',
        '@',
        ':',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('https://', '/', '', 'https://x.com/?'),
        fc.array(part, { maxLength: 10 }),
        (start, parts) => {
          const once = redactUrl(start + parts.join(''));
          expect(redactUrl(once)).toBe(once);
          expect(findPersonalData(once)).toEqual([]);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a URL with nothing to hide is the same string', () => {
    const url = 'https://example.com/shop/coffee?sort=price&page=2#reviews';
    expect(redactUrl(url)).toBe(url);
  });

  test.each(['?a=', '&', '#', '%25', 'https://', '@', '/reset/', '?next=%3F', '%'])(
    '100 kB of %j take linear time',
    { retry: 3 },
    (unit) => {
      const start = performance.now();
      redactUrl(`https://x.com/?${unit.repeat(100_000 / unit.length)}`);
      expect(performance.now() - start).toBeLessThan(1500);
    },
  );
});
