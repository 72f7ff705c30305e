import type { Example, Operation } from './example.ts';

/** What the model is told before every prompt. */
export const instruction = [
  'You operate a web browser for a person, one action at a time.',
  'You are given the task, what was done so far, the page as it is now and the elements to choose from.',
  'Call one tool with the ref of one of these elements: the next action.',
].join(' ');

/** What an operation needs beside the ref. */
export const extraParameter: Record<Operation, [name: string, description: string] | null> = {
  click: null,
  double_click: null,
  right_click: null,
  hover: null,
  type: ['text', 'What the field holds afterwards.'],
  select: ['option', 'Text of the option.'],
  press: ['key', 'Key as in KeyboardEvent.key, held keys before it: Control+a.'],
};

const descriptions: Record<Operation, string> = {
  click: 'Click an element.',
  double_click: 'Click an element twice.',
  right_click: 'Open the context menu of an element.',
  hover: 'Rest the pointer on an element.',
  type: 'Type into a field.',
  select: 'Choose an option of a list.',
  press: 'Press a key while an element has the focus.',
};

/** The tools, the same in every line, so that the list tells nothing. */
export const tools = (Object.keys(descriptions) as Operation[]).map((name) => {
  const extra = extraParameter[name];
  return {
    type: 'function',
    function: {
      name,
      description: descriptions[name],
      parameters: {
        type: 'object',
        properties: {
          ref: { type: 'string', description: 'Ref of the element, such as e7.' },
          ...(extra && { [extra[0]]: { type: 'string', description: extra[1] } }),
        },
        required: extra ? ['ref', extra[0]] : ['ref'],
        additionalProperties: false,
      },
    },
  };
});

/** What the model reads, section by section; `read-line.ts` takes it apart again. */
export function promptOf(example: Example): string {
  const { task, title, url, history, historyLeftOut, outline, candidates } = example;
  const steps = history.map((words, at) => `${historyLeftOut + at + 1}. ${words}`);
  if (historyLeftOut > 0) steps.unshift(`… ${historyLeftOut} earlier left out`);
  return [
    `Task: ${task}`,
    `Done so far:\n${steps.length > 0 ? steps.join('\n') : 'nothing'}`,
    `Page: ${JSON.stringify(title)}\nAddress: ${url}`,
    `Outline:\n${outline}`,
    `Candidates:\n${candidates
      .map(({ ref, text, within }) => `[${ref}] ${text}${within ? ` in ${within}` : ''}`)
      .join('\n')}`,
  ].join('\n\n');
}
