import type { Example } from './example.ts';
import { extraParameter, instruction, promptOf, tools } from './prompt.ts';

const sameInAllLines = `,${JSON.stringify({ tools, parallel_tool_calls: false }).slice(1)}`;

/**
 * One line of the provider's chat format, without the line end.
 *
 * @param image screenshot from before the action as a `data:` URL (JPEG, PNG or WebP), redacted
 */
export function toChatLine(example: Example, { image }: { image?: string } = {}): string {
  const { operation, ref, value } = example.answer;
  const extra = extraParameter[operation];
  const text = promptOf(example);
  const messages = JSON.stringify([
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
  ]);
  return `{"messages":${messages}${sameInAllLines}`;
}
