import { expect, test } from 'vitest';
import { clean, cleanDeep } from './scrub.ts';

const card = ['4111', '1111', '1111', '1111'].join(' ');

test.each([
  ['Jane Roe <jane.roe@mail.example>', 'Jane Roe <[EMAIL]>'],
  ['GET https://x.example/a?token=abc#part failed', 'GET https://x.example/a failed'],
  ['wss://x.example/graphql?key=1', 'wss://x.example/graphql'],
  ['postgres://me:secret1@db.example/app', 'postgres://db.example/app'],
  [`paid with ${card}`, 'paid with [CARD]'],
  ['order 4111 1111 1111 1112', 'order 4111 1111 1111 1112'],
  ['authorization: Bearer abc.def-123', 'authorization: Bearer [TOKEN]'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', '[TOKEN]'],
  ['key cs_0123456789abcdefghij0123456789abcdef is bad', 'key [TOKEN] is bad'],
  ['{"password":"hunter2","name":"x"}', '{"password":"[SECRET]","name":"x"}'],
  ['skeletonAnimationRunner is not a function', 'skeletonAnimationRunner is not a function'],
])('%s is told as %s', (text, told) => {
  expect(clean(text, 1000)).toBe(told);
});

test('half a character and NUL become one that every part of the way can hold', () => {
  expect(clean('a\0b\ud83dc', 100)).toBe('a\ufffdb\ufffdc');
  expect(clean('😀😀', 3)).toBe('😀\ufffd');
});

test('what stands under a secret’s name is taken out, and of headers all but harmless ones', () => {
  const told = cleanDeep({
    tags: { userToken: 'abc', page: 'cart' },
    headers: { 'content-type': 'text/html', Cookie: 'a=b', 'x-request-id': '7' },
  });

  expect(told).toEqual({
    tags: { userToken: '[SECRET]', page: 'cart' },
    headers: { 'content-type': 'text/html', Cookie: '[SECRET]', 'x-request-id': '7' },
  });
});
