import { expect, test } from 'vitest';
import { lineShapes } from './openai-shapes.ts';

const line = (urls: string[]) => ({
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What now?' },
        ...urls.map((url) => ({ type: 'image_url', image_url: { url, detail: 'low' } })),
      ],
    },
    { role: 'assistant', content: 'Click.' },
  ],
});
const url = (bytes: Buffer, type = 'jpeg') =>
  `data:image/${type};base64,${bytes.toString('base64')}`;
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
const accepts = (value: unknown) => lineShapes.supervised.safeParse(value).success;

test('the provider on this machine refuses pictures as the real one says that it does', () => {
  expect(accepts(line([url(jpeg)]))).toBe(true);
  expect(accepts(line(Array.from({ length: 10 }, () => url(jpeg))))).toBe(true);
  expect(accepts(line(Array.from({ length: 11 }, () => url(jpeg))))).toBe(false);
  expect(accepts(line([url(Buffer.concat([jpeg, Buffer.alloc(10 * 1024 ** 2)]))]))).toBe(false);
  expect(accepts(line([url(jpeg, 'png')]))).toBe(false);
  expect(accepts(line([url(Buffer.from('GIF89a'), 'gif')]))).toBe(false);
  const said = {
    role: 'assistant',
    content: [{ type: 'image_url', image_url: { url: url(jpeg) } }],
  };
  expect(accepts({ messages: [...line([]).messages.slice(0, 1), said] })).toBe(false);
});
