import { expect, test } from 'vitest';
import { siteFrom } from './site-names.ts';

test.for<[string, string]>([
  ['bank.example', 'bank.example'],
  [' https://Mail.Example.com:8443/inbox?u=1#x ', 'mail.example.com'],
  ['*.example.com', 'example.com'],
  ['example.com.', 'example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['localhost:3000', 'localhost'],
  ['192.168.1.7', '192.168.1.7'],
  ['[::1]', '[::1]'],
])('%s is the site %s', ([entry, site]) => {
  expect(siteFrom(entry, [])).toEqual({ ok: true, site });
});

test.for([
  '',
  '  ',
  'bank',
  'two words',
  'chrome://settings',
  'a..b',
  '-x.example',
  'x_y.example',
  'https://',
])('“%s” is no site, and says what to enter', (entry) => {
  const read = siteFrom(entry, []);

  expect(read).toMatchObject({ ok: false, words: expect.stringMatching(/Enter|Add its ending/) });
});

test('what is covered already is not added again', () => {
  expect(siteFrom('example.com', ['example.com'])).toMatchObject({ ok: false });
  expect(siteFrom('a.example.com', ['example.com'])).toMatchObject({ ok: false });
  expect(siteFrom('badexample.com', ['example.com'])).toMatchObject({ ok: true });
});
