import { expect, test } from 'vitest';
import { siteOf } from './site.ts';

test.each([
  ['https://www.shop.example/a?b#c', 'shop.example'],
  ['https://SHOP.Example', 'shop.example'],
  ['https://a.b.c.co.uk/', 'c.co.uk'],
  ['http://user:pass@www.shop.example:8080/', 'shop.example'],
  ['https://münchen.example/', 'xn--mnchen-3ya.example'],
  ['http://localhost:3000/a', 'localhost:3000'],
  ['http://localhost/a', 'localhost'],
  ['http://127.0.0.1:4173/', '127.0.0.1:4173'],
  ['http://[::1]:4173/', '[::1]:4173'],
  ['http://192.168.1.10/', '192.168.1.10'],
  ['http://intranet/', 'intranet'],
  ['https://co.uk/', 'co.uk'],
])('the site of %s is %s', (url, site) => {
  expect(siteOf(url)).toBe(site);
  expect(siteOf(url)).toBe(site); // remembered
});

test.each([
  '',
  'about:blank',
  'chrome://newtab',
  'file:///tmp/a',
  'data:text/html,x',
  'no address',
  'https://',
])('%j has no site', (url) => {
  expect(siteOf(url)).toBe('');
});
