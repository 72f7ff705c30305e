import * as z from 'zod';
import { roles } from '../lib/page/role.ts';
import { stateWords } from '../lib/page/state.ts';
import { parseJson } from './json.ts';

/** A finished line, taken apart without trust in what wrote it. */
export type ReadLine = {
  system: string;
  /** JSON of what is told beside the messages. */
  frame: string;
  hasImage: boolean;
  task: string;
  history: string[];
  address: string;
  outline: string[];
  candidates: { ref: string; text: string }[];
  /** Lines that fit no form: a marker, a focus, a selector outside of quotes. */
  strangers: string[];
  /** All that the model reads, the answer excluded. */
  prompt: string;
  answer: { ref: string; operation: string; value: string | null };
};

const QUOTED = '"(?:[^"\\\\]|\\\\.)*"';
const ROLE = `(?:${[...roles].join('|')})`;
const REF = '\\[(e\\d+)\\] ';
const ELEMENT = [
  ROLE,
  '(?: [1-9]\\d?)?',
  `(?: ${QUOTED})?`,
  `(?: value ${QUOTED})?`,
  `(?: (?:${stateWords.join('|')}))*`,
  `(?: options ${QUOTED}(?:, ${QUOTED})*(?:, … \\d+ more)?)?`,
].join('');

const candidateForm = new RegExp(`^${REF}(${ELEMENT}(?: in ${ROLE}(?: ${QUOTED})?)?)$`);
const elementForm = new RegExp(`^ *(?:${REF})?(${ELEMENT})$`);
const otherForms = [new RegExp(`^ *text ${QUOTED}$`), /^… \d+ lines? left out$/];
const stepForm = /^(?:\d+\. .+|… \d+ earlier left out)$/;

const Line = z.strictObject({
  messages: z.tuple([
    z.strictObject({ role: z.literal('system'), content: z.string() }),
    z.strictObject({
      role: z.literal('user'),
      content: z.union([
        z.string(),
        z.array(z.union([z.object({ text: z.string() }), z.object({ image_url: z.unknown() })])),
      ]),
    }),
    z.strictObject({
      role: z.literal('assistant'),
      weight: z.number().optional(),
      tool_calls: z.tuple([
        z.object({ function: z.object({ name: z.string(), arguments: z.string() }) }),
      ]),
    }),
  ]),
  tools: z.array(z.unknown()),
  parallel_tool_calls: z.boolean().optional(),
});

const Arguments = z.looseObject({ ref: z.string() });

/** Reads a finished line; `null` when it is not of the form that `toChatLine` writes. */
export function readLine(line: string): ReadLine | null {
  const parsed = Line.safeParse(parseJson(line));
  if (!parsed.success) return null;
  const [system, user, assistant] = parsed.data.messages;
  const [{ function: call }] = assistant.tool_calls;
  const given = Arguments.safeParse(parseJson(call.arguments));
  if (!given.success) return null;
  const { ref, ...rest } = given.data;
  const parts = typeof user.content === 'string' ? [{ text: user.content }] : user.content;
  const prompt = parts.flatMap((part) => ('text' in part ? [part.text] : [])).join('\n');
  const value = Object.values(rest).find((extra) => typeof extra === 'string') ?? null;
  return {
    ...readPrompt(prompt),
    system: system.content,
    frame: JSON.stringify(parsed.data.tools),
    hasImage: parts.some((part) => 'image_url' in part),
    prompt,
    answer: { ref, operation: call.name, value },
  };
}

/** Element part and ref of a line of an outline; `null` for text, marks and strangers. */
export function readElementLine(line: string): { ref: string | null; text: string } | null {
  const [, ref = null, text] = elementForm.exec(line) ?? [];
  return text === undefined ? null : { ref, text };
}

type Sections = Pick<
  ReadLine,
  'task' | 'history' | 'address' | 'outline' | 'candidates' | 'strangers'
>;

function readPrompt(prompt: string): Sections {
  const read: Sections = {
    task: '',
    history: [],
    address: '',
    outline: [],
    candidates: [],
    strangers: [],
  };
  let section = '';
  for (const line of prompt.split('\n')) {
    const head = /^(Task|Done so far|Page|Address|Outline|Candidates):(?: (.*))?$/.exec(line);
    if (head) {
      section = head[1] as string;
      if (section === 'Task') read.task = head[2] ?? '';
      if (section === 'Address') read.address = head[2] ?? '';
    } else if (line !== '') readInto(read, section, line);
  }
  return read;
}

function readInto(read: Sections, section: string, line: string): void {
  if (section === 'Done so far') {
    if (stepForm.test(line)) read.history.push(line);
    else if (line !== 'nothing') read.strangers.push(line);
  } else if (section === 'Outline') {
    read.outline.push(line);
    const isKnown = elementForm.test(line) || otherForms.some((form) => form.test(line));
    if (!isKnown) read.strangers.push(line);
  } else if (section === 'Candidates') {
    const [, ref, text] = candidateForm.exec(line) ?? [];
    if (ref !== undefined && text !== undefined) read.candidates.push({ ref, text });
    else read.strangers.push(line);
  } else read.strangers.push(line);
}
