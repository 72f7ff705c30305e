import type { Example } from './example.ts';
import { extraParameter, instruction, promptOf, tools } from './prompt.ts';

/** What follows the messages, the same in all lines. */
export const chatTail = { tools, parallel_tool_calls: false };

const tailText = `,${JSON.stringify(chatTail).slice(1)}`;

/**
 * One line of the provider's chat format, without the line end.
 *
 * @param image screenshot from before the action as a `data:` URL (JPEG, PNG or WebP), redacted
 */
export function toChatLine(example: Example, options: { image?: string } = {}): string {
  return toLine(toMessages(example, options));
}

/** The messages of a line; see {@link toChatLine}. */
export function toMessages(example: Example, { image }: { image?: string } = {}): object[] {
  const { operation, ref, value } = example.answer;
  const extra = extraParameter[operation];
  const text = promptOf(example);
  return [
    { role: 'system', content: instruction },
    {
      role: 'user',
      content: image
        ? [
            { type: 'text', text },
            { type: 'image_url', image_url: { url: image, detail: 'low' } },
          ]
        : text,
    },
    {
      role: 'assistant',
      weight: 1,
      tool_calls: [
        {
          id: 'call_1',
          type: 'function',
          function: {
            name: operation,
            arguments: JSON.stringify({ ref, ...(extra && { [extra[0]]: value ?? '' }) }),
          },
        },
      ],
    },
  ];
}

/** The line of messages from {@link toMessages}. */
export function toLine(messages: object[]): string {
  return `{"messages":${JSON.stringify(messages)}${tailText}`;
}
