import { toDpoLine } from '../dpo.ts';
import { chatTail, toLine, toMessages } from '../openai.ts';
import { openaiLimits, validateChat } from '../openai-rules.ts';
import { pictureUrl } from '../pictures.ts';
import { type Exporter, type ExportSession, InvalidRecordError } from './exporter.ts';
import { exampleSteps, hasExample, linesKind, type WithExample } from './lines.ts';

/** OpenAI chat, text only. */
export const openaiChat: Exporter = { kinds: [linesKind((session) => chatLines(session))] };

/** The same with pictures as JPEG in base64, which every host takes; steps without one are left out. */
export const openaiChatVision: Exporter = {
  kinds: [linesKind(visionLines, { maxRecords: openaiLimits.imageExamples })],
};

/** Preference pairs: what was done, and a tempting mistake on the same page. */
export const openaiDpo: Exporter = { kinds: [linesKind(dpoLines)] };

async function* chatLines(session: ExportSession): AsyncGenerator<string> {
  for await (const step of session.steps) if (hasExample(step)) yield lineOf(session, step);
}

async function* visionLines(session: ExportSession): AsyncGenerator<string> {
  for await (const step of exampleSteps(session)) {
    const bytes = step.picture && (await session.picture(step.picture));
    if (!bytes) continue;
    yield lineOf(session, step, await pictureUrl(bytes));
  }
}

async function* dpoLines(session: ExportSession): AsyncGenerator<string> {
  for await (const { example, sequence } of exampleSteps(session)) {
    const line = toDpoLine(example);
    if (!line) continue; // every other candidate looks like the answer
    const { input, preferred_output, non_preferred_output } = JSON.parse(line);
    const { messages, ...tail } = input;
    for (const output of [preferred_output, non_preferred_output])
      check([...messages, ...output], tail, session, sequence);
    yield line;
  }
}

/** The line, when a provider would take it. @throws {InvalidRecordError} */
function lineOf(
  session: ExportSession,
  { example, sequence }: WithExample,
  image?: string,
): string {
  const messages = toMessages(example, image ? { image } : {});
  check(messages, chatTail, session, sequence);
  return toLine(messages);
}

/** @throws {InvalidRecordError} a provider would refuse the line */
function check(messages: object[], tail: object, { head }: ExportSession, sequence: number): void {
  const problem = validateChat(messages, tail).find(({ severity }) => severity === 'ERROR');
  if (problem) throw new InvalidRecordError(head.sessionId, sequence, problem.message);
}
