import { Buffer } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import { parseJson } from './json.ts';

export type Problem = {
  /** A provider refuses a line with an `ERROR`; it takes one with a `WARNING`, but see the message. */
  severity: 'ERROR' | 'WARNING';
  code: string;
  message: string;
};

export type FileReport = {
  lines: number;
  /** UTF-8, line ends included. */
  bytes: number;
  linesWithImages: number;
  /** By line, from 1; 0 stands for the file. At most 200, in the order of the file. */
  problems: (Problem & { line: number })[];
  errors: number;
  warnings: number;
  /** All lines with an error, from 1, ascending. */
  faultyLines: number[];
};

/** Limits of the provider as of 2026 (STACK.md, "OpenAI"; platform docs, "Supervised fine-tuning", "Vision"). */
export const openaiLimits = {
  exampleTokens: 65_536,
  fileBytes: 512 * 1024 * 1024,
  minExamples: 10,
  imageExamples: 50_000,
  imagesPerExample: 10,
  imageBytes: 10 * 1024 * 1024,
} as const;

const MAX_PROBLEMS = 200;

/** What an image costs: 85 tokens at low detail; 765 for a 1024 × 1024 one at high (pricing page, gpt-4o). */
const IMAGE_TOKENS = { low: 85, high: 765, auto: 765 } as const;

/** What the provider would refuse or warn of in one line; empty when it is good. */
export function validateChatLine(line: string): Problem[] {
  const chat = readKnownTail(line) ?? readChat(line);
  return Array.isArray(chat) ? chat : chatProblems(chat);
}

/**
 * The same for what is yet to be written as a line, which need not be read again for it.
 *
 * @param tail what follows the messages; read once for all lines that share the object
 */
export function validateChat(messages: object[], tail: object): Problem[] {
  const head = ChatHead.safeParse({ messages });
  if (!head.success) return head.error.issues.map(shapeProblem);
  let read = readTails.get(tail);
  if (!read) {
    const parsed = ChatTail.safeParse(tail);
    if (!parsed.success) return parsed.error.issues.map(shapeProblem);
    read = parsed.data;
    readTails.set(tail, read);
  }
  return chatProblems({ ...head.data, ...read });
}

const readTails = new WeakMap<object, z.infer<typeof ChatTail>>();

function chatProblems(chat: ChatLine): Problem[] {
  return [
    ...orderProblems(chat),
    ...callProblems(chat),
    ...imageProblems(chat),
    ...lengthProblems(chat),
  ];
}

/** The line, or what is wrong with its form. */
function readChat(line: string): ChatLine | Problem[] {
  const value = parseJson(line);
  if (value === undefined)
    return [error('NOT_JSON', 'expected one JSON object, got something else')];
  const parsed = ChatLine.safeParse(value);
  return parsed.success ? parsed.data : parsed.error.issues.map(shapeProblem);
}

const tails = new LRUCache<string, z.infer<typeof ChatTail>>({ max: 20 });

/** The same, where what follows the messages was read before, as in most lines; else `null`. */
function readKnownTail(line: string): ChatLine | null {
  const cut = line.lastIndexOf('],"tools":['); // no text can hold it: its quotes would be escaped
  if (cut < 0) return null;
  const text = line.slice(cut + 2);
  const head = ChatHead.safeParse(parseJson(`${line.slice(0, cut + 1)}}`));
  const tail = tails.get(text) ?? ChatTail.safeParse(parseJson(`{${text}`)).data;
  if (!head.success || !tail) return null;
  tails.set(text, tail);
  return { ...head.data, ...tail };
}

/** Validates a whole file, line by line; holds none of it. */
export function validateChatFile(lines: Iterable<string>): FileReport {
  const check = new ChatFileCheck();
  for (const line of lines) check.add(line);
  return check.report();
}

/** The same for a file that comes line by line. */
export class ChatFileCheck {
  readonly #report: FileReport = {
    lines: 0,
    bytes: 0,
    linesWithImages: 0,
    problems: [],
    errors: 0,
    warnings: 0,
    faultyLines: [],
  };

  /** Reads the next line; answers with what is wrong with it. */
  add(line: string): Problem[] {
    const report = this.#report;
    report.lines++;
    report.bytes += Buffer.byteLength(line) + 1;
    if (line.includes('"image_url"')) report.linesWithImages++;
    const problems = validateChatLine(line);
    for (const problem of problems) note(report, report.lines, problem);
    return problems;
  }

  /** What was found so far, with what only the whole file shows. */
  report(): FileReport {
    const report = structuredClone(this.#report);
    const { fileBytes, minExamples, imageExamples } = openaiLimits;
    const [images, { lines, bytes }] = [report.linesWithImages, report];
    if (bytes > fileBytes) {
      note(report, 0, error('FILE_TOO_LARGE', `expected at most ${fileBytes} bytes, got ${bytes}`));
    }
    if (images > imageExamples) {
      const message = `expected at most ${imageExamples} image examples, got ${images}`;
      note(report, 0, error('TOO_MANY_IMAGES', message));
    }
    if (lines < minExamples) {
      const message = `expected at least ${minExamples} examples, got ${lines}`;
      note(report, 0, warning('FEW_EXAMPLES', message));
    }
    return report;
  }
}

function note(report: FileReport, line: number, problem: Problem): void {
  report[problem.severity === 'ERROR' ? 'errors' : 'warnings']++;
  const isFault = problem.severity === 'ERROR' && line > 0;
  if (isFault && report.faultyLines.at(-1) !== line) report.faultyLines.push(line);
  if (report.problems.length < MAX_PROBLEMS) report.problems.push({ line, ...problem });
}

const Part = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: z.string() }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({
      url: z.string(),
      detail: z.enum(['low', 'high', 'auto']).default('auto'),
    }),
  }),
]);

const weight = z.union([z.literal(0), z.literal(1)]).optional();

const Message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.string(), name: z.string().optional() }),
  z.strictObject({
    role: z.literal('developer'),
    content: z.string(),
    name: z.string().optional(),
  }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(Part).min(1)]),
    name: z.string().optional(),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    // An array of parts would be the only way to an image here, and the provider takes none.
    content: z.string().nullable().optional(),
    refusal: z.string().nullable().optional(),
    name: z.string().optional(),
    weight,
    tool_calls: z
      .array(
        z.strictObject({
          id: z.string().min(1),
          type: z.literal('function'),
          function: z.strictObject({ name: z.string(), arguments: z.string() }),
        }),
      )
      .min(1)
      .optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content: z.string(), tool_call_id: z.string() }),
]);

const ChatHead = z.strictObject({ messages: z.array(Message).min(1) });

const ChatTail = z.strictObject({
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
          description: z.string().optional(),
          parameters: z.record(z.string(), z.unknown()).optional(),
          strict: z.boolean().nullable().optional(),
        }),
      }),
    )
    .min(1)
    .max(128)
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
});

const ChatLine = z.strictObject({ ...ChatHead.shape, ...ChatTail.shape });

type ChatLine = z.infer<typeof ChatLine>;

function orderProblems({ messages }: ChatLine): Problem[] {
  const problems: Problem[] = [];
  const open = new Set<string>();
  for (const [at, message] of messages.entries()) {
    const isInstruction = message.role === 'system' || message.role === 'developer';
    if (isInstruction && at > 0) {
      problems.push(
        error('ROLE_ORDER', `expected ${message.role} only as message 1, got ${at + 1}`),
      );
    }
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id)) {
        problems.push(
          error('ROLE_ORDER', `expected a call ${message.tool_call_id} before its answer`),
        );
      }
    } else if (open.size > 0) {
      problems.push(
        error('ROLE_ORDER', `expected the answers of all calls before message ${at + 1}`),
      );
      open.clear();
    }
    if (message.role !== 'assistant') continue;
    if (!message.content && !message.tool_calls && !message.refusal) {
      problems.push(error('EMPTY_ASSISTANT', `expected content or calls in message ${at + 1}`));
    }
    for (const { id } of message.tool_calls ?? []) open.add(id);
  }
  const answers = messages.filter(({ role }) => role === 'assistant');
  if (answers.length === 0) problems.push(error('NO_ASSISTANT', 'expected an assistant message'));
  else if (messages.at(-1)?.role !== 'assistant') {
    problems.push(error('ROLE_ORDER', 'expected an assistant message at the end'));
  } else if (answers.every((message) => message.role === 'assistant' && message.weight === 0)) {
    problems.push(
      error('NOTHING_TO_LEARN', 'expected an assistant message of weight 1, got 0 only'),
    );
  }
  if (!messages.some(({ role }) => role === 'user')) {
    problems.push(warning('NO_USER', 'expected a user message'));
  }
  return problems;
}

function callProblems({
  messages,
  tools: declared = [],
  parallel_tool_calls,
}: ChatLine): Problem[] {
  const problems: Problem[] = [];
  const byName = new Map(declared.map((tool) => [tool.function.name, tool.function]));
  if (byName.size < declared.length) {
    problems.push(error('TOOL_TWICE', 'expected each tool once, got a name twice'));
  }
  const calls = messages.map(
    (message) => (message.role === 'assistant' ? message.tool_calls : undefined) ?? [],
  );
  if (parallel_tool_calls === false && calls.some((list) => list.length > 1)) {
    problems.push(
      error('PARALLEL_CALLS', 'expected one call a message, since parallel_tool_calls is false'),
    );
  }
  for (const { function: call } of calls.flat()) {
    const tool = byName.get(call.name);
    if (!tool) {
      problems.push(error('UNKNOWN_TOOL', `expected a declared tool, got ${call.name}`));
      continue;
    }
    const value = parseJson(call.arguments);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.push(
        error('BAD_ARGUMENTS', `expected a JSON object for ${call.name}, got something else`),
      );
    } else problems.push(...argumentProblems(call.name, value, tool.parameters));
  }
  return problems;
}

function argumentProblems(
  name: string,
  value: object,
  parameters: Record<string, unknown> | undefined,
): Problem[] {
  if (!parameters) return [];
  let schema: z.ZodType;
  try {
    schema = schemaOf(parameters);
  } catch (cause) {
    return [error('BAD_TOOL', `expected a JSON Schema for ${name}, got ${String(cause)}`)];
  }
  const parsed = schema.safeParse(value);
  return (parsed.error?.issues ?? []).map(({ path, message }) =>
    error('BAD_ARGUMENTS', `${name}.${path.join('.') || '*'}: ${message}`),
  );
}

const schemas = new WeakMap<object, z.ZodType>();

/** All lines of a file share the parsed tools. @throws {Error} for what is no JSON Schema */
function schemaOf(parameters: Record<string, unknown>): z.ZodType {
  const schema = schemas.get(parameters) ?? z.fromJSONSchema(parameters);
  schemas.set(parameters, schema);
  return schema;
}

function imageProblems({ messages }: ChatLine): Problem[] {
  const images = messages.flatMap((message) =>
    message.role === 'user' && typeof message.content !== 'string'
      ? message.content.flatMap((part) => (part.type === 'image_url' ? [part.image_url.url] : []))
      : [],
  );
  const problems = images.flatMap((url) => imageProblem(url) ?? []);
  const limit = openaiLimits.imagesPerExample;
  if (images.length > limit) {
    problems.push(
      error('TOO_MANY_IMAGES', `expected at most ${limit} images, got ${images.length}`),
    );
  }
  return problems;
}

/** Checks what the first bytes tell; whether the rest decodes is for who made the image. */
function imageProblem(url: string): Problem | null {
  if (url.startsWith('https://')) return null;
  const [, type, base64] =
    /^data:(image\/(?:jpeg|png|webp));base64,([A-Za-z0-9+/]+={0,2})$/.exec(url) ?? [];
  if (type === undefined || base64 === undefined) {
    return error('BAD_IMAGE', `expected JPEG, PNG or WebP in base64, got ${url.slice(0, 40)}`);
  }
  const bytes = Math.floor((base64.length * 3) / 4);
  if (bytes > openaiLimits.imageBytes) {
    return error(
      'IMAGE_TOO_LARGE',
      `expected at most ${openaiLimits.imageBytes} bytes, got ${bytes}`,
    );
  }
  const head = Buffer.from(base64.slice(0, 64), 'base64');
  if (!isOfType(head, type)) return error('BAD_IMAGE', `expected the bytes of ${type}, got others`);
  const colours = head[25]; // IHDR: 2 is RGB, 6 is RGBA (PNG specification, 11.2.1)
  if (type === 'image/png' && colours !== 2 && colours !== 6) {
    return error('BAD_COLOURS', `expected RGB or RGBA, got PNG colour type ${colours}`);
  }
  return null;
}

function isOfType(head: Buffer, type: string): boolean {
  if (type === 'image/jpeg') return head[0] === 0xff && head[1] === 0xd8;
  if (type === 'image/png') return head.subarray(1, 4).toString('latin1') === 'PNG';
  return head.subarray(8, 12).toString('latin1') === 'WEBP';
}

function lengthProblems(chat: ChatLine): Problem[] {
  const tokens = estimateTokens(chat);
  const limit = openaiLimits.exampleTokens;
  if (tokens <= limit) return [];
  const message = `expected at most ${limit} tokens, got about ${tokens} (a quarter of the characters)`;
  return [error('TOO_LONG', message)];
}

/** A quarter of the characters, and a flat sum for each image: an estimate, not the tokenizer. */
function estimateTokens({ messages, tools: declared }: ChatLine): number {
  let chars = charsOf(declared ?? []);
  let imageTokens = 0;
  for (const message of messages) {
    if (message.role === 'assistant') chars += JSON.stringify(message.tool_calls ?? '').length;
    if (typeof message.content === 'string') chars += message.content.length;
    else {
      for (const part of message.content ?? []) {
        if (part.type === 'text') chars += part.text.length;
        else imageTokens += IMAGE_TOKENS[part.image_url.detail];
      }
    }
  }
  return Math.ceil(chars / 4) + imageTokens;
}

const lengths = new WeakMap<object, number>();

/** Characters of tools as JSON; those of a tail are the same object each time. */
function charsOf(declared: object): number {
  const known = lengths.get(declared) ?? JSON.stringify(declared).length;
  lengths.set(declared, known);
  return known;
}

function shapeProblem({ path, message }: z.core.$ZodIssue): Problem {
  return error('BAD_SHAPE', `${path.join('.') || 'line'}: ${message}`);
}

function error(code: string, message: string): Problem {
  return { severity: 'ERROR', code, message };
}

function warning(code: string, message: string): Problem {
  return { severity: 'WARNING', code, message };
}
