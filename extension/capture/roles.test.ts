import { expect, test } from 'vitest';
import { roleOf } from './roles.ts';

const role = (tag: string, attributes: Record<string, string> = {}) =>
  roleOf(tag, (name) => attributes[name] ?? null);

test('the author’s role wins over the tag', () => {
  expect(role('div', { role: 'tab' })).toBe('tab');
  expect(role('a', { href: '/', role: 'button' })).toBe('button');
});

test('a link needs an address, an image that says nothing has no part', () => {
  expect(role('a', { href: '/' })).toBe('link');
  expect(role('a')).toBeNull();
  expect(role('img', { alt: '' })).toBe('presentation');
});

test('inputs have the role of their type', () => {
  expect(role('input')).toBe('textbox');
  expect(role('input', { type: 'checkbox' })).toBe('checkbox');
  expect(role('input', { list: 'towns' })).toBe('combobox');
  expect(role('input', { type: 'hidden' })).toBeNull();
  expect(role('select', { multiple: '' })).toBe('listbox');
});

test('names of the language’s own objects are no tags', () => {
  expect(role('constructor')).toBeNull();
});
