import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type * as z from 'zod';
import { type FakeJob, isEnded, type Outcome, type Pace, say, tick } from './openai-jobs.ts';
import {
  ChatRequest,
  CompleteRequest,
  FileForm,
  JobRequest,
  lineShapes,
  PartForm,
  UploadRequest,
} from './openai-shapes.ts';

/** What goes wrong with a request. `after` does what was asked first, so that only the answer is lost. */
type Fault =
  | { how: 'status'; status: number; code?: string; message?: string; retryAfterSeconds?: number }
  | { how: 'hang' | 'cut' | 'bad-json'; after?: boolean };

type Call = { name: string; arguments: Record<string, string> };
type ChatQuestion = { model: string; prompt: string; images: number; isTuned: boolean };

/** A provider on this machine: it keeps what it is given, and refuses what does not fit. */
export type OpenAiServer = {
  /** For `OPENAI_BASE_URL`. */
  url: string;
  /** For `OPENAI_API_KEY`. */
  key: string;
  /** Base models, and when they end. */
  models: Map<string, { shutdown_date: string | null }>;
  files: Map<string, { id: string; filename: string; purpose: string; bytes: Buffer }>;
  uploads: Map<
    string,
    { status: string; filename: string; parts: Map<string, Buffer>; bytes: number }
  >;
  jobs: Map<string, FakeJob>;
  /** Requests so far, as `POST /v1/files`. */
  requests: string[];
  pace: Pace;
  /** Whether jobs stand still. */
  isHeld: boolean;
  /** Whether the organisation may fine-tune. */
  isEligible: boolean;
  /** Ends of the next jobs that are not success. */
  outcomes: Outcome[];
  /** Where ends of jobs are told; nowhere by default. */
  webhook: { url: string; secret: string } | null;
  /** What a model answers; by default a tuned one what its file says, another one the first candidate. */
  answer: ((question: ChatQuestion) => Call | string | null) | null;
  /** How likely each ref was: told as OpenAI does for tool calls (not), refused, or by the question. */
  chances: 'untold' | 'refused' | ((question: ChatQuestion) => Record<string, number>);
  /** The next `times` requests whose method and path fit, such as `POST /v1/files`, go wrong. */
  fail(request: RegExp, fault: Fault, times?: number): void;
  close(): Promise<void>;
};

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const tickMs = 5;
const now = () => Math.floor(Date.now() / 1000);

/** Opens the provider on a free port; it goes with the test. */
export async function openOpenAiServer(): Promise<OpenAiServer> {
  const faults: { request: RegExp; fault: Fault; left: number }[] = [];
  const fates = new Map<string, Outcome>();
  const fake: Omit<OpenAiServer, 'url' | 'close'> = {
    key: `sk-fake-${randomBytes(6).toString('hex')}`,
    models: new Map(
      ['gpt-4.1-mini-2025-04-14', 'gpt-4.1-nano-2025-04-14', 'gpt-4o-mini-2024-07-18'].map((id) => [
        id,
        { shutdown_date: null },
      ]),
    ),
    files: new Map(),
    uploads: new Map(),
    jobs: new Map(),
    requests: [],
    pace: { steps: 6, stepMs: 10 },
    isHeld: false,
    isEligible: true,
    outcomes: [],
    webhook: null,
    answer: null,
    chances: 'untold',
    fail: (request, fault, times = 1) => faults.push({ request, fault, left: times }),
  };

  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '', 'http://fake');
    const name = `${request.method} ${pathname}`;
    const body = await bodyOf(request);
    fake.requests.push(name);
    const found = faults.find(({ request, left }) => left > 0 && request.test(name));
    if (found) found.left -= 1;
    const fault = found?.fault;
    if (fault?.how === 'status') {
      const retry = fault.retryAfterSeconds;
      if (retry !== undefined) response.setHeader('retry-after', String(retry));
      return sendError(response, fault.status, fault.code ?? 'made_to_fail', fault.message ?? name);
    }
    if (fault && !fault.after) return breakOff(response, fault.how);
    try {
      const answer = await handle(fake, fates, request, pathname, body);
      if (fault) return breakOff(response, fault.how);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(Buffer.isBuffer(answer) ? answer : JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      sendError(response, error.status, error.code, error.message);
    }
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let workedAt = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - workedAt < fake.pace.stepMs || fake.isHeld) return;
    workedAt = Date.now();
    for (const job of fake.jobs.values())
      if (tick(job, fake.pace, fates.get(job.row.id) ?? null)) void tell(fake, job);
  }, tickMs);
  const close = async () => {
    clearInterval(timer);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(close);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return Object.assign(fake, { url, close });
}

type Fake = Omit<OpenAiServer, 'url' | 'close'>;

async function handle(
  fake: Fake,
  fates: Map<string, Outcome>,
  request: IncomingMessage,
  pathname: string,
  body: Buffer,
): Promise<unknown> {
  if (request.headers.authorization !== `Bearer ${fake.key}`)
    throw new Refusal(401, 'invalid_api_key', 'Incorrect API key provided.');
  const query = new URL(request.url ?? '', 'http://fake').searchParams;
  const json = <T>(schema: z.ZodType<T>): T => parse(schema, parseText(body));
  const form = async <T>(schema: z.ZodType<T>): Promise<T> =>
    parse(schema, await formOf(request, body));
  const [, , kind = '', id = '', ...rest] = pathname.split('/');
  const route = `${request.method} ${[kind, ...(id ? [':id'] : []), ...rest].join('/')}`;

  switch (route) {
    case 'GET models':
      return listOf([...fake.models.keys()].map((id) => modelRow(fake, id)));
    case 'GET models/:id':
      return modelRow(fake, decodeURIComponent(id));
    case 'POST files': {
      const { purpose, file } = await form(FileForm);
      return addFile(fake, file.name, purpose, Buffer.from(await file.arrayBuffer()));
    }
    case 'GET files':
      return pageOf([...fake.files.values()].map(fileRow).toReversed(), query);
    case 'GET files/:id':
      return fileRow(take(fake.files, id, 'file'));
    case 'GET files/:id/content':
      return take(fake.files, id, 'file').bytes;
    case 'DELETE files/:id':
      refuseFileInUse(fake, id);
      fake.files.delete(take(fake.files, id, 'file').id);
      return { id, object: 'file', deleted: true };
    case 'POST uploads':
      return startUpload(fake, json(UploadRequest));
    case 'POST uploads/:id/parts': {
      const upload = take(fake.uploads, id, 'upload');
      if (upload.status !== 'pending')
        throw new Refusal(400, 'invalid_upload', `The upload is ${upload.status}.`);
      const { data } = await form(PartForm);
      if (data.size > 64 * 1024 ** 2) throw new Refusal(400, 'part_too_large', 'At most 64 MB.');
      const partId = `part_${randomBytes(6).toString('hex')}`;
      upload.parts.set(partId, Buffer.from(await data.arrayBuffer()));
      return { id: partId, object: 'upload.part', created_at: now(), upload_id: id };
    }
    case 'POST uploads/:id/complete':
      return completeUpload(fake, id, json(CompleteRequest));
    case 'POST uploads/:id/cancel':
      return cancelUpload(fake, id);
    case 'POST chat/:id':
      return complete(fake, json(ChatRequest));
  }
  if (kind !== 'fine_tuning' || id !== 'jobs')
    throw new Refusal(404, 'unknown_url', `Unknown request URL: ${request.method} ${pathname}.`);
  if (!fake.isEligible)
    throw new Refusal(
      403,
      'training_not_available',
      'Training is not available to your organization.',
    );
  const [jobId = '', action = ''] = rest;
  if (!jobId && request.method === 'POST') return startJob(fake, fates, json(JobRequest));
  if (!jobId) {
    const wanted = [...query].flatMap(([name, value]) => {
      const [, key] = /^metadata\[(.+)\]$/.exec(name) ?? [];
      return key ? [[key, value] as const] : [];
    });
    const jobs = [...fake.jobs.values()]
      .map(({ row }) => row)
      .filter(({ metadata }) => wanted.every(([key, value]) => metadata?.[key] === value));
    return pageOf(jobs.toReversed(), query);
  }
  const job = take(fake.jobs, jobId, 'fine_tuning.job');
  if (action === 'events') return pageOf(job.events.toReversed(), query);
  if (action === 'checkpoints')
    return pageOf(job.checkpoints.toReversed() as { id: string }[], query);
  if (action && request.method === 'POST') change(job, action);
  return job.row;
}

function change(job: FakeJob, action: string): void {
  const { row } = job;
  if (action === 'cancel') {
    if (isEnded(job)) throw new Refusal(400, 'invalid_state', `The job is ${row.status}.`);
    row.status = 'cancelled';
    row.finished_at = now();
    say(job, 'The job was cancelled');
  } else if (action === 'pause') {
    if (row.status !== 'running')
      throw new Refusal(
        400,
        'invalid_state',
        `Only a running job can be paused, it is ${row.status}.`,
      );
    row.status = 'paused';
  } else if (action === 'resume') {
    if (row.status !== 'paused')
      throw new Refusal(
        400,
        'invalid_state',
        `Only a paused job can be resumed, it is ${row.status}.`,
      );
    row.status = 'running';
  } else throw new Refusal(404, 'unknown_url', `Unknown action ${action}.`);
}

/** A job that goes on needs its files. */
function refuseFileInUse(fake: Fake, fileId: string): void {
  const user = [...fake.jobs.values()].find(
    (job) => !isEnded(job) && [job.row.training_file, job.row.validation_file].includes(fileId),
  );
  if (user) throw new Refusal(400, 'file_in_use', `File ${fileId} is used by ${user.row.id}.`);
}

function startJob(fake: Fake, fates: Map<string, Outcome>, request: z.infer<typeof JobRequest>) {
  modelRow(fake, request.model);
  const type = request.method.type;
  for (const [param, fileId] of [
    ['training_file', request.training_file],
    ['validation_file', request.validation_file],
  ] as const) {
    if (!fileId) continue;
    const { purpose, bytes } = take(fake.files, fileId, 'file');
    if (purpose !== 'fine-tune')
      throw new Refusal(400, 'invalid_purpose', `${param} is for ${purpose}.`);
    const lines = bytes.toString('utf8').trimEnd().split('\n');
    for (const [at, line] of lines.entries()) {
      const parsed = lineShapes[type].safeParse(JSON.parse(line));
      if (!parsed.success)
        throw new Refusal(
          400,
          'invalid_training_file',
          `${param}, line ${at + 1}: ${parsed.error.message}`,
        );
    }
    const images = lines.filter((line) => line.includes('"image_url"')).length;
    if (images > 50_000)
      throw new Refusal(
        400,
        'invalid_training_file',
        `At most 50,000 image examples, got ${images}.`,
      );
    if (param === 'training_file' && lines.length < 10)
      throw new Refusal(400, 'invalid_n_examples', `Expected 10 examples, got ${lines.length}.`);
  }
  const id = `ftjob-${randomBytes(9).toString('base64url').replaceAll(/[-_]/g, 'x')}`;
  const job: FakeJob = {
    request,
    row: {
      id,
      object: 'fine_tuning.job',
      created_at: now(),
      finished_at: null,
      estimated_finish: null,
      model: request.model,
      fine_tuned_model: null,
      organization_id: 'org-fake',
      status: 'validating_files',
      training_file: request.training_file,
      validation_file: request.validation_file ?? null,
      trained_tokens: null,
      error: null,
      hyperparameters: {},
      method: request.method,
      metadata: request.metadata ?? null,
      seed: request.seed ?? 1,
      result_files: [],
    },
    events: [],
    checkpoints: [],
    done: 0,
    learned: take(fake.files, request.training_file, 'file').bytes.toString('utf8'),
  };
  say(job, `Created fine-tuning job: ${id}`);
  fake.jobs.set(id, job);
  const outcome = fake.outcomes.shift();
  if (outcome) fates.set(id, outcome);
  return job.row;
}

function complete(fake: Fake, request: z.infer<typeof ChatRequest>): unknown {
  const tuned = [...fake.jobs.values()].find(
    ({ row, checkpoints }) =>
      row.fine_tuned_model === request.model ||
      JSON.stringify(checkpoints).includes(`"${request.model}"`),
  );
  if (!tuned) modelRow(fake, request.model);
  const user = request.messages.find(({ role }) => role === 'user');
  const content = user?.content ?? '';
  const prompt =
    typeof content === 'string'
      ? content
      : content.map((part) => ('text' in part ? part.text : '')).join('\n');
  const images =
    typeof content === 'string' ? [] : content.filter(({ type }) => type === 'image_url');
  const question = {
    model: request.model,
    prompt,
    images: images.length,
    isTuned: Boolean(tuned),
  };
  if (request.logprobs && fake.chances === 'refused')
    throw new Refusal(400, 'unsupported_parameter', "Unsupported parameter: 'logprobs'.");
  const said = fake.answer ? fake.answer(question) : usual(tuned, prompt);
  const isCall = said !== null && typeof said === 'object';
  const words = isCall ? JSON.stringify(said) : (said ?? '');
  const tokens = {
    in: Math.ceil(JSON.stringify(request).length / 4),
    out: Math.ceil(words.length / 4),
  };
  return {
    id: `chatcmpl-${randomBytes(6).toString('hex')}`,
    object: 'chat.completion',
    created: now(),
    model: request.model,
    choices: [
      {
        index: 0,
        finish_reason: isCall ? 'tool_calls' : 'stop',
        logprobs:
          isCall && request.logprobs && typeof fake.chances === 'function'
            ? { content: spell(said, fake.chances(question)), refusal: null }
            : null,
        message: {
          role: 'assistant',
          content: isCall ? null : said,
          refusal: null,
          ...(isCall
            ? {
                tool_calls: [
                  {
                    id: 'call_1',
                    type: 'function',
                    function: { name: said.name, arguments: JSON.stringify(said.arguments) },
                  },
                ],
              }
            : {}),
        },
      },
    ],
    usage: {
      prompt_tokens: tokens.in,
      completion_tokens: tokens.out,
      total_tokens: tokens.in + tokens.out,
    },
  };
}

/** The tokens of a call: a number is one token, and its alternatives are those of the other refs. */
function spell({ name, arguments: given }: Call, chances: Record<string, number>): object[] {
  const text = JSON.stringify({ name, arguments: given });
  const top = Object.entries(chances).map(([ref, chance]) => ({
    token: ref.slice(1),
    logprob: Math.log(chance),
  }));
  const number = given.ref?.slice(1);
  return [...text.matchAll(/\d+|\w+|[^\w]+/g)].flatMap(([word]) =>
    word === given.ref
      ? [
          { token: 'e', logprob: 0, top_logprobs: [] },
          {
            token: number,
            logprob: top.find(({ token }) => token === number)?.logprob ?? 0,
            top_logprobs: top,
          },
        ]
      : [{ token: word, logprob: 0, top_logprobs: [] }],
  );
}

/** A tuned model knows its file by heart, and otherwise looks for words of the task; a base model takes the first. */
function usual(tuned: FakeJob | undefined, prompt: string): Call {
  for (const line of tuned?.learned.trimEnd().split('\n') ?? []) {
    const { messages, input, preferred_output } = JSON.parse(line);
    const asked = (messages ?? input.messages)[1].content;
    if ((typeof asked === 'string' ? asked : asked[0].text) !== prompt) continue;
    const { function: call } = (preferred_output?.[0] ?? messages.at(-1)).tool_calls[0];
    return { name: call.name, arguments: JSON.parse(call.arguments) };
  }
  const task = new Set(/^Task: (.*)$/m.exec(prompt)?.[1]?.toLowerCase().match(/\w+/g));
  const candidates = [
    ...(prompt.split('\nCandidates:\n')[1] ?? '').matchAll(/^\[(e\d+)\] (.*)$/gm),
  ].map(([, ref = '', text = '']) => ({
    ref,
    hits: (text.toLowerCase().match(/\w+/g) ?? []).filter((word) => task.has(word)).length,
  }));
  const best = tuned ? candidates.toSorted((a, b) => b.hits - a.hits)[0] : candidates[0];
  return { name: 'click', arguments: { ref: best?.ref ?? 'e1' } };
}

function startUpload(fake: Fake, request: z.infer<typeof UploadRequest>): unknown {
  const id = `upload_${randomBytes(6).toString('hex')}`;
  const { filename, bytes } = request;
  fake.uploads.set(id, { status: 'pending', filename, parts: new Map(), bytes });
  return uploadRow(id, 'pending', bytes, filename, null);
}

function completeUpload(
  fake: Fake,
  id: string,
  { part_ids, md5 }: z.infer<typeof CompleteRequest>,
) {
  const upload = take(fake.uploads, id, 'upload');
  if (upload.status !== 'pending')
    throw new Refusal(400, 'invalid_upload', `The upload is ${upload.status}.`);
  const bytes = Buffer.concat(part_ids.map((part) => take(upload.parts, part, 'part')));
  if (bytes.length !== upload.bytes)
    throw new Refusal(400, 'invalid_size', `Expected ${upload.bytes} bytes, got ${bytes.length}.`);
  if (md5 && createHash('md5').update(bytes).digest('hex') !== md5)
    throw new Refusal(400, 'invalid_checksum', 'The checksum is another one.');
  upload.status = 'completed';
  const { filename } = upload;
  return uploadRow(
    id,
    'completed',
    upload.bytes,
    filename,
    addFile(fake, filename, 'fine-tune', bytes),
  );
}

function cancelUpload(fake: Fake, id: string) {
  const upload = take(fake.uploads, id, 'upload');
  if (upload.status !== 'pending')
    throw new Refusal(400, 'invalid_upload', `The upload is ${upload.status}.`);
  upload.status = 'cancelled';
  upload.parts.clear();
  return uploadRow(id, 'cancelled', upload.bytes, upload.filename, null);
}

function uploadRow(
  id: string,
  status: string,
  bytes: number,
  filename: string,
  file: unknown,
): object {
  return {
    id,
    object: 'upload',
    status,
    bytes,
    filename,
    purpose: 'fine-tune',
    created_at: now(),
    expires_at: now() + 3_600,
    file,
  };
}

function addFile(fake: Fake, filename: string, purpose: string, bytes: Buffer) {
  if (bytes.length > 512 * 1024 ** 2) throw new Refusal(413, 'file_too_large', 'At most 512 MB.');
  const file = { id: `file-${randomBytes(9).toString('hex')}`, filename, purpose, bytes };
  fake.files.set(file.id, file);
  return fileRow(file);
}

function fileRow({
  id,
  filename,
  purpose,
  bytes,
}: {
  id: string;
  filename: string;
  purpose: string;
  bytes: Buffer;
}) {
  return {
    id,
    object: 'file',
    bytes: bytes.length,
    created_at: now(),
    filename,
    purpose,
    status: 'processed',
  };
}

function modelRow(fake: Fake, id: string): object {
  const known = fake.models.get(id);
  const isTuned = [...fake.jobs.values()].some(({ row }) => row.fine_tuned_model === id);
  if (!known && !isTuned)
    throw new Refusal(
      404,
      'model_not_found',
      `The model '${id}' does not exist or you do not have access to it.`,
    );
  return {
    id,
    object: 'model',
    created: 1,
    owned_by: 'fake',
    shutdown_date: known?.shutdown_date ?? null,
  };
}

/** Tells the end of a job, signed as Standard Webhooks wants it. */
async function tell({ webhook }: Fake, { row }: FakeJob): Promise<void> {
  if (!webhook) return;
  const body = JSON.stringify({
    id: `evt_${row.id}`,
    object: 'event',
    created_at: now(),
    type: `fine_tuning.job.${row.status}`,
    data: { id: row.id },
  });
  const [id, at] = [`wh_${row.id}`, String(now())];
  const key = Buffer.from(webhook.secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': at,
    'webhook-signature': `v1,${signature}`,
  };
  await fetch(webhook.url, { method: 'POST', body, headers }).catch(() => undefined); // a lost one is lost
}

function take<T>(all: Map<string, T>, id: string, what: string): T {
  const found = all.get(id);
  if (!found) throw new Refusal(404, 'not_found', `No such ${what}: ${id}.`);
  return found;
}

function pageOf<T extends { id: string }>(newestFirst: T[], query: URLSearchParams): object {
  const limit = Number(query.get('limit') ?? 20);
  const after = query.get('after');
  const from = after ? newestFirst.findIndex(({ id }) => id === after) + 1 : 0;
  const data = newestFirst.slice(from, from + limit);
  return {
    ...listOf(data),
    has_more: from + limit < newestFirst.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

function listOf(data: unknown[]): object {
  return { object: 'list', data, has_more: false };
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(400, 'invalid_request', `${issue?.path.join('.')}: ${issue?.message}`);
}

function parseText(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refusal(400, 'invalid_json', 'We could not parse the JSON body of your request.');
  }
}

async function formOf(request: IncomingMessage, body: Buffer): Promise<Record<string, unknown>> {
  const type = request.headers['content-type'] ?? '';
  if (!type.startsWith('multipart/form-data'))
    throw new Refusal(400, 'invalid_request', `Expected multipart/form-data, got ${type}.`);
  const answer = new Response(new Uint8Array(body), { headers: { 'content-type': type } });
  return Object.fromEntries(await answer.formData());
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

function breakOff(response: ServerResponse, how: 'hang' | 'cut' | 'bad-json'): void {
  if (how === 'hang') return; // the caller's patience ends it
  if (how === 'bad-json') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"id": "half of an ans');
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"id": ');
  setImmediate(() => response.destroy());
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } }),
  );
}
