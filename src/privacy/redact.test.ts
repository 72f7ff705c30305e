import { expect, test } from 'vitest';
import { redactAddress, redactHtml, redactInteraction, redactJson, redactWords } from './redact.ts';

const typedInto = (target: object) => ({
  value: 'typed words',
  target: { value: 'typed words', ...target },
});

test.each([
  ['its type', { attributes: { type: 'password' } }],
  ['its name', { attributes: { name: 'user_password' } }],
  ['its id', { attributes: { id: 'cc-number' } }],
  ['its autocomplete', { attributes: { autocomplete: 'one-time-code' } }],
  ['its accessible name', { name: 'Password' }],
])('a field that is sensitive by %s keeps nothing of what was typed', (_how, target) => {
  const clean = redactInteraction(typedInto(target));

  expect(JSON.stringify(clean)).not.toContain('typed');
  expect(clean.value).toMatch(/^\[[A-Z]+\]$/);
  expect(clean.target.value).toBe(clean.value);
});

test('the value attribute of a sensitive field is masked; attributes that are none stay absent', () => {
  const attributes = { type: 'password', value: 'typed words', class: 'wide' };

  const clean = redactInteraction(typedInto({ attributes }));

  expect(clean.target).toMatchObject({
    attributes: { type: 'password', value: '[PASSWORD]', class: 'wide' },
  });
  expect(redactInteraction(typedInto({ name: 'Password' })).target).not.toHaveProperty(
    'attributes.value',
  );
});

test('an empty value stays empty and an absent one absent', () => {
  const attributes = { type: 'password' };

  expect(redactInteraction({ value: '', target: { value: 'x', attributes } })).toMatchObject({
    value: '',
  });
  expect(redactInteraction({ value: null, target: { value: 'x', attributes } }).value).toBeNull();
  expect(redactInteraction({ value: 'x', target: { attributes } }).target).not.toHaveProperty(
    'value',
    '[PASSWORD]',
  );
});

test('a field that is not sensitive is searched for what the detectors know', () => {
  const clean = redactInteraction(typedInto({ name: 'Message', text: 'write to ann@example.com' }));

  expect(clean).toMatchObject({
    value: 'typed words',
    target: { value: 'typed words', text: 'write to [EMAIL]' },
  });
});

test('an interaction without personal data is the same object, and attributes that are no object do no harm', () => {
  for (const target of [
    { name: 'Message' },
    { attributes: null },
    { attributes: ['password'] },
    { attributes: 'x' },
  ]) {
    const interaction = typedInto(target);
    expect(redactInteraction(interaction)).toBe(interaction);
  }
  const bare = { target: null };
  expect(redactInteraction(bare)).toBe(bare);
});

test('redacting twice changes nothing more', () => {
  const once = redactInteraction({
    ...typedInto({ attributes: { type: 'password', title: 'ann@example.com' } }),
    context: { password: 'x', list: ['+49 30 901820'] },
  });

  expect(redactInteraction(once)).toEqual(once);
});

test('addresses keep their shape, words their rest, and nothing stays nothing', () => {
  expect(redactAddress('https://a.example/b?mail=ann%40example.com&page=2')).toBe(
    'https://a.example/b?mail=[EMAIL]&page=2',
  );
  expect(redactWords('call ann@example.com')).toBe('call [EMAIL]');
  expect([redactWords(null), redactWords(undefined)]).toEqual([null, null]);
  expect(redactJson({ a: [{ token: 'abcdef123456', n: 1 }] })).toEqual({
    a: [{ token: '[TOKEN]', n: 1 }],
  });
});

test('a page stays the same page but for what was found: its tags, attributes and quotes stand', () => {
  const html = `<a href="mailto:ann@example.com" title='ann@example.com'>ann@example.com</a><p>4111 1111 1111 1111</p>`;

  expect(redactHtml(html)).toBe(
    `<a href="mailto:[EMAIL]" title='[EMAIL]'>[EMAIL]</a><p>[CARD]</p>`,
  );
});

test('the keys typed into a sensitive field are masked one by one, those that act are not', () => {
  const pressed = (key: string, type: string) =>
    redactInteraction({ key, target: { name: 'Field', text: 'hunter2', attributes: { type } } });

  expect(pressed('h', 'password')).toMatchObject({
    key: '[PASSWORD]',
    target: { text: '[PASSWORD]' },
  });
  expect(pressed('Enter', 'password')).toMatchObject({ key: 'Enter' });
  expect(pressed('h', 'search')).toMatchObject({ key: 'h', target: { text: 'hunter2' } });
});
