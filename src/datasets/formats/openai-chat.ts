import { toJpeg } from '../../platform/images.ts';
import { toDpoLine } from '../dpo.ts';
import { toChatLine } from '../openai.ts';
import { openaiLimits, validateChatLine } from '../openai-rules.ts';
import { type Exporter, type ExportSession, InvalidRecordError } from './exporter.ts';
import { exampleSteps, linesKind } from './lines.ts';

/** Width in pixels; a picture at low detail is looked at in 512. */
const pictureWidth = 1280;

/** OpenAI chat, text only. */
export const openaiChat: Exporter = { kinds: [linesKind((session) => chatLines(session))] };

/** The same with pictures as JPEG in base64, which every host takes; steps without one are left out. */
export const openaiChatVision: Exporter = {
  kinds: [linesKind(visionLines, { maxRecords: openaiLimits.imageExamples })],
};

/** Preference pairs: what was done, and a tempting mistake on the same page. */
export const openaiDpo: Exporter = { kinds: [linesKind(dpoLines)] };

async function* chatLines(session: ExportSession): AsyncGenerator<string> {
  for await (const { example, sequence } of exampleSteps(session))
    yield checked(toChatLine(example), session, sequence);
}

async function* visionLines(session: ExportSession): AsyncGenerator<string> {
  for await (const { example, picture, sequence } of exampleSteps(session)) {
    const bytes = picture && (await session.picture(picture));
    if (!bytes) continue;
    const jpeg = await toJpeg(bytes, { width: pictureWidth, quality: 85 });
    const image = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    yield checked(toChatLine(example, { image }), session, sequence);
  }
}

async function* dpoLines(session: ExportSession): AsyncGenerator<string> {
  for await (const { example, sequence } of exampleSteps(session)) {
    const line = toDpoLine(example);
    if (!line) continue; // every other candidate looks like the answer
    const { input, preferred_output, non_preferred_output } = JSON.parse(line);
    for (const output of [preferred_output, non_preferred_output])
      checked(
        JSON.stringify({ ...input, messages: [...input.messages, ...output] }),
        session,
        sequence,
      );
    yield line;
  }
}

/** The line, when a provider would take it. @throws {InvalidRecordError} */
function checked(line: string, { head }: ExportSession, sequence: number): string {
  const problem = validateChatLine(line).find(({ severity }) => severity === 'ERROR');
  if (problem) throw new InvalidRecordError(head.sessionId, sequence, problem.message);
  return line;
}
