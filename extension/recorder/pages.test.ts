import { expect, test } from 'vitest';
import { openPages } from './pages.ts';

const head = { kind: 'snapshot', at: 0, url: '', title: '' } as const;
const first = { ...head, key: 'a', html: '<p>one</p>' };

test('a page that is told from another is put together', () => {
  const pages = openPages();
  pages.take('document', first);

  const html = pages.take('document', {
    ...head,
    key: 'b',
    base: 'a',
    parts: [[0, 3], 'two', [6, 4]],
  });

  expect(html).toBe('<p>two</p>');
});

test('a page that was told from one that is not known cannot be put together', () => {
  const pages = openPages();
  pages.take('document', first);

  expect(pages.take('other', { ...head, key: 'b', base: 'a', parts: [] })).toBeNull();
});

test('parts beyond the page before are a fault', () => {
  const pages = openPages();
  pages.take('document', first);
  const beyond = { ...head, key: 'b', base: 'a', parts: [[5, 50]] as [number, number][] };

  expect(() => pages.take('document', beyond)).toThrow(RangeError);
});

test('the page that others are told from is kept, however many come', () => {
  const pages = openPages();
  pages.take('document', first);

  for (let n = 0; n < 9; n++) {
    pages.take('document', { ...head, key: `${n}`, base: 'a', parts: [[0, 10]] });
  }

  expect(pages.take('document', { ...head, key: 'z', base: 'a', parts: [[0, 10]] })).toBe(
    first.html,
  );
  expect(pages.take('document', { ...head, key: 'y', base: '0', parts: [] })).toBeNull();
});
