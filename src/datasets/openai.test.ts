import { expect, test } from 'vitest';
import type { Example } from './example.ts';
import { toChatLine } from './openai.ts';
import { validateChatFile, validateChatLine } from './openai-rules.ts';

const example: Example = {
  task: 'Find a rain jacket',
  history: ['click link "Home"'],
  historyLeftOut: 0,
  url: 'https://shop.example/',
  title: 'Shop',
  outline: '[e2] link "Home"\n[e1] searchbox "Search"',
  candidates: [
    { ref: 'e1', text: 'searchbox "Search"', within: null },
    { ref: 'e2', text: 'link "Home"', within: 'navigation' },
  ],
  answer: { ref: 'e1', operation: 'type', value: 'rain "jacket"' },
};

const png = (colours: number) => {
  const bytes = Buffer.alloc(64);
  bytes.write('\x89PNG\r\n\x1a\n', 'latin1');
  bytes[25] = colours;
  return `data:image/png;base64,${bytes.toString('base64')}`;
};

/** A good line, changed. */
const changed = (change: (line: ReturnType<typeof JSON.parse>) => void) => {
  const line = JSON.parse(toChatLine(example));
  change(line);
  return validateChatLine(JSON.stringify(line)).map(({ code }) => code);
};

test('a line has the form of the provider', () => {
  const line = JSON.parse(toChatLine(example));

  expect(line.messages.map(({ role }: { role: string }) => role)).toEqual([
    'system',
    'user',
    'assistant',
  ]);
  expect(line.messages[2]).toEqual({
    role: 'assistant',
    weight: 1,
    tool_calls: [
      {
        id: 'call_1',
        type: 'function',
        function: { name: 'type', arguments: '{"ref":"e1","text":"rain \\"jacket\\""}' },
      },
    ],
  });
  expect(line.parallel_tool_calls).toBe(false);
  expect(validateChatLine(JSON.stringify(line))).toEqual([]);
});

test('the image stands in the turn of the user, never in the answer', () => {
  const line = toChatLine(example, { image: png(6) });

  expect(JSON.parse(line).messages[1].content[1]).toEqual({
    type: 'image_url',
    image_url: { url: png(6), detail: 'low' },
  });
  expect(validateChatLine(line)).toEqual([]);
});

test('what the provider refuses is refused here first', () => {
  expect(validateChatLine('{"messages":')).toMatchObject([{ code: 'NOT_JSON', severity: 'ERROR' }]);
  expect(changed((line) => line.messages.pop())).toEqual(['NO_ASSISTANT']);
  expect(changed((line) => line.messages.reverse())).toContain('ROLE_ORDER');
  expect(changed((line) => line.messages.push({ role: 'system', content: 'x' }))).toContain(
    'ROLE_ORDER',
  );
  expect(changed((line) => (line.messages[2].weight = 2))).toEqual(['BAD_SHAPE']);
  expect(changed((line) => (line.messages[2].weight = 0))).toEqual(['NOTHING_TO_LEARN']);
  expect(
    changed(
      (line) => (line.messages[2].content = [{ type: 'image_url', image_url: { url: png(6) } }]),
    ),
  ).toEqual(['BAD_SHAPE']);
  expect(changed((line) => delete line.messages[2].tool_calls)).toEqual(['EMPTY_ASSISTANT']);
  expect(changed((line) => (line.extra = 1))).toEqual(['BAD_SHAPE']);
});

test('calls must fit the tools that are declared', () => {
  const call = (name: string, given: string) =>
    changed((line) => (line.messages[2].tool_calls[0].function = { name, arguments: given }));

  expect(call('fly', '{"ref":"e1"}')).toEqual(['UNKNOWN_TOOL']);
  expect(call('click', '{"ref":')).toEqual(['BAD_ARGUMENTS']);
  expect(call('click', '["e1"]')).toEqual(['BAD_ARGUMENTS']);
  expect(call('click', '{}')).toEqual(['BAD_ARGUMENTS']);
  expect(call('click', '{"ref":1}')).toEqual(['BAD_ARGUMENTS']);
  expect(call('click', '{"ref":"e1","text":"x"}')).toEqual(['BAD_ARGUMENTS']);
  expect(call('type', '{"ref":"e1","text":"x"}')).toEqual([]);
  expect(
    changed((line) => line.messages[2].tool_calls.push(line.messages[2].tool_calls[0])),
  ).toEqual(['PARALLEL_CALLS']);
});

test('images are of the right kind, size and number', () => {
  const withImages = (...urls: string[]) =>
    changed((line) => {
      line.messages[1].content = urls.map((url) => ({ type: 'image_url', image_url: { url } }));
    });

  expect(withImages(png(2))).toEqual([]);
  expect(withImages(png(3))).toEqual(['BAD_COLOURS']);
  expect(withImages('data:image/gif;base64,R0lGODlh')).toEqual(['BAD_IMAGE']);
  expect(withImages(png(6).replace('png', 'jpeg'))).toEqual(['BAD_IMAGE']);
  expect(withImages(...Array.from({ length: 11 }, () => png(6)))).toEqual(['TOO_MANY_IMAGES']);
  expect(withImages(`data:image/png;base64,${'A'.repeat(14_000_000)}`)).toEqual([
    'IMAGE_TOO_LARGE',
  ]);
});

test('an example of too many tokens is refused', () => {
  expect(changed((line) => (line.messages[1].content = 'x'.repeat(270_000)))).toEqual(['TOO_LONG']);
});

test('a file of few examples is warned of, a good one is not', () => {
  const line = toChatLine(example);

  expect(validateChatFile([line])).toMatchObject({
    lines: 1,
    errors: 0,
    warnings: 1,
    problems: [{ line: 0, code: 'FEW_EXAMPLES', severity: 'WARNING' }],
  });
  expect(validateChatFile(Array.from({ length: 10 }, () => line))).toMatchObject({
    errors: 0,
    warnings: 0,
  });
  expect(validateChatFile([line, '{}'])).toMatchObject({ errors: 1, faultyLines: [2] });
});
