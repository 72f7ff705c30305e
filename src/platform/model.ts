import OpenAI, { toFile } from 'openai';
import * as z from 'zod';
import type { Config } from './config.ts';
import { type Caller, openCaller } from './model-calls.ts';
import { ModelServerError } from './model-errors.ts';

const Id = z.object({ id: z.string() });
const File = z.object({ id: z.string(), filename: z.string(), bytes: z.number() });
const Model = z.object({ id: z.string(), shutdown_date: z.string().nullish() });
const Page = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), has_more: z.boolean().nullish() });

const FineTuning = z.object({
  id: z.string(),
  status: z.string(),
  model: z.string(),
  created_at: z.number(),
  estimated_finish: z.number().nullish(),
  fine_tuned_model: z.string().nullish(),
  trained_tokens: z.number().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  error: z
    .object({
      code: z.string().nullish(),
      message: z.string().nullish(),
      param: z.string().nullish(),
    })
    .nullish(),
});
const Event = z.object({
  id: z.string(),
  created_at: z.number(),
  level: z.string(),
  message: z.string(),
  type: z.string().nullish(),
  data: z.unknown().optional(),
});
const Checkpoint = z.object({
  id: z.string(),
  created_at: z.number(),
  step_number: z.number(),
  fine_tuned_model_checkpoint: z.string(),
  metrics: z.record(z.string(), z.number().nullable()),
});
const Token = z.object({ token: z.string(), logprob: z.number() });
const Chat = z.object({
  choices: z
    .array(
      z.object({
        logprobs: z
          .object({
            content: z.array(Token.extend({ top_logprobs: z.array(Token).nullish() })).nullish(),
          })
          .nullish(),
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(z.object({ function: z.object({ name: z.string(), arguments: z.string() }) }))
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});

export type ProviderJob = z.infer<typeof FineTuning>;
export type ProviderEvent = z.infer<typeof Event>;
export type ProviderCheckpoint = z.infer<typeof Checkpoint>;

export type StartRequest = {
  model: string;
  trainingFile: string;
  validationFile: string | null;
  method: 'supervised' | 'dpo';
  hyperparameters: Record<string, number>;
  suffix: string;
  seed: number;
  metadata: Record<string, string>;
};

export type ChatContent =
  | string
  | (
      | { type: 'text'; text: string }
      | { type: 'image_url'; image_url: { url: string; detail: 'low' } }
    )[];

export type ChatRequest = {
  model: string;
  messages: ({ role: 'system'; content: string } | { role: 'user'; content: ChatContent })[];
  tools: {
    type: 'function';
    function: { name: string; description: string; parameters: Record<string, unknown> };
  }[];
};

/** A token of an answer with what else the model might have written in its place. Natural logarithms. */
export type TokenChance = {
  token: string;
  logprob: number;
  top: { token: string; logprob: number }[];
};

export type ChatAnswer = {
  call: { name: string; arguments: string } | null;
  text: string | null;
  /** `null` where the server does not count. */
  tokens: { input: number; output: number } | null;
  /** The answer token by token; `null` where the server does not tell how likely they were. */
  chances: TokenChance[] | null;
};

/** OpenAI, or a server with its API. Every function throws `ModelServerError`, after its retries. */
export type ModelServer = ReturnType<typeof openModelServer>;

const servers = new WeakMap<Config['models'], Map<string, ModelServer>>();

type ServerAddress = {
  baseUrl: string;
  apiKey: string | null;
  /** How it is called, where somebody else chose it. Absent: as any address of our own. */
  fetch?: typeof globalThis.fetch;
};

/** The server at an address, one for each address and key, so that all callers share its breaker. */
export function modelServerOf({ models }: Pick<Config, 'models'>, at: ServerAddress): ModelServer {
  const known = servers.get(models) ?? new Map<string, ModelServer>();
  servers.set(models, known);
  const key = JSON.stringify([at.baseUrl, at.apiKey, at.fetch !== undefined]);
  const server = known.get(key) ?? openModelServer(models, at);
  known.set(key, server);
  return server;
}

function openModelServer(config: Config['models'], { baseUrl, apiKey, fetch }: ServerAddress) {
  const { timeoutMs } = config;
  const client = new OpenAI({
    baseURL: baseUrl,
    ...(fetch ? { fetch } : {}),
    apiKey: apiKey ?? 'none', // the SDK wants one; servers of one's own often need none
    organization: null,
    project: null,
    maxRetries: 0, // ours know what must not be repeated
    timeout: timeoutMs * 10,
    logLevel: 'off',
  });
  const call: Caller = openCaller(new URL(baseUrl).host, config);
  const { fineTuning, files, uploads, models, chat } = client;
  const ask = { timeoutMs };
  const send = { timeoutMs: timeoutMs * 10 };
  /** Models whose server refuses to tell how likely its tokens were. */
  const withoutChances = new Set<string>();

  return {
    baseUrl,
    /** A model with the day it is shut down, if that is known; `null` for no such model. */
    async model(id: string): Promise<{ id: string; shutdownDate: string | null } | null> {
      try {
        const found = await call(Model, ask, (signal) => models.retrieve(id, { signal }));
        return { id: found.id, shutdownDate: found.shutdown_date ?? null };
      } catch (error) {
        if (error instanceof ModelServerError && error.status === 404) return null;
        throw error;
      }
    },
    /** Refused with 403 where the organisation may not train. */
    async mayTrain(): Promise<void> {
      await call(z.unknown(), ask, (signal) => fineTuning.jobs.list({ limit: 1 }, { signal }));
    },
    /** The id of a file of this name and size that was sent before; `null` for none among the last 1,000. */
    async findFile(name: string, bytes: number): Promise<string | null> {
      const { data } = await call(Page(File), ask, async (signal) => {
        const page = await files.list(
          { purpose: 'fine-tune', limit: 1_000, order: 'desc' },
          { signal },
        );
        return { data: page.data };
      });
      return data.find((file) => file.filename === name && file.bytes === bytes)?.id ?? null;
    },
    async sendFile(name: string, bytes: Buffer, signal: AbortSignal): Promise<string> {
      const file = await call(File, { ...send, isUnsafe: true, signal }, async (inner) =>
        files.create(
          { purpose: 'fine-tune', file: await toFile(bytes, name, { type: 'application/jsonl' }) },
          { signal: inner },
        ),
      );
      return file.id;
    },
    async deleteFile(id: string): Promise<void> {
      try {
        await call(Id, ask, (signal) => files.delete(id, { signal }));
      } catch (error) {
        if (!(error instanceof ModelServerError && error.status === 404)) throw error;
      }
    },
    /** Gives up an upload; one that is gone or complete is left as it is. */
    async cancelUpload(id: string): Promise<void> {
      try {
        await call(Id, ask, (signal) => uploads.cancel(id, { signal }));
      } catch (error) {
        const isOver =
          error instanceof ModelServerError && (error.status === 404 || error.status === 400);
        if (!isOver) throw error;
      }
    },
    async startUpload(name: string, bytes: number): Promise<string> {
      const { id } = await call(Id, ask, (signal) =>
        uploads.create(
          { purpose: 'fine-tune', filename: name, bytes, mime_type: 'text/jsonl' },
          { signal },
        ),
      );
      return id;
    },
    /** A part that came twice is harmless: only those named at the end count. */
    async sendPart(uploadId: string, part: Buffer, signal: AbortSignal): Promise<string> {
      const { id } = await call(Id, { ...send, signal }, async (inner) =>
        uploads.parts.create(uploadId, { data: await toFile(part, 'part') }, { signal: inner }),
      );
      return id;
    },
    /** Puts the parts together. @returns the id of the file */
    async finishUpload(uploadId: string, partIds: string[], md5: string): Promise<string> {
      const { file } = await call(z.object({ file: Id }), { ...ask, isUnsafe: true }, (signal) =>
        uploads.complete(uploadId, { part_ids: partIds, md5 }, { signal }),
      );
      return file.id;
    },
    /** The newest job that carries this metadata, so that a start whose answer was lost is found again. */
    async findJob(metadata: Record<string, string>): Promise<ProviderJob | null> {
      const { data } = await call(Page(FineTuning), ask, async (signal) => {
        const page = await fineTuning.jobs.list({ limit: 100, metadata }, { signal });
        return { data: page.data };
      });
      // A server may not know the filter.
      const fits = (job: ProviderJob) =>
        Object.entries(metadata).every(([key, value]) => job.metadata?.[key] === value);
      return data.find(fits) ?? null;
    },
    async startJob(request: StartRequest): Promise<ProviderJob> {
      const { method, hyperparameters } = request;
      return call(FineTuning, { ...ask, isUnsafe: true }, (signal) =>
        fineTuning.jobs.create(
          {
            model: request.model,
            training_file: request.trainingFile,
            ...(request.validationFile ? { validation_file: request.validationFile } : {}),
            suffix: request.suffix,
            seed: request.seed,
            metadata: request.metadata,
            method:
              method === 'dpo'
                ? { type: 'dpo', dpo: { hyperparameters } }
                : { type: 'supervised', supervised: { hyperparameters } },
          },
          { signal },
        ),
      );
    },
    job: (id: string) =>
      call(FineTuning, ask, (signal) => fineTuning.jobs.retrieve(id, { signal })),
    /** A repeat finds the job as wished, which its server calls a mistake: read it then. */
    cancelJob: (id: string) =>
      call(FineTuning, ask, (signal) => fineTuning.jobs.cancel(id, { signal })),
    pauseJob: (id: string) =>
      call(FineTuning, ask, (signal) => fineTuning.jobs.pause(id, { signal })),
    resumeJob: (id: string) =>
      call(FineTuning, ask, (signal) => fineTuning.jobs.resume(id, { signal })),
    /** Events of a job that came after the one named, oldest first. */
    async events(id: string, seen: string | null): Promise<ProviderEvent[]> {
      const fresh: ProviderEvent[] = [];
      for (let after: string | undefined; ; ) {
        const from = after;
        const page = await call(Page(Event), ask, async (signal) => {
          const answer = await fineTuning.jobs.listEvents(
            id,
            { limit: 100, ...(from ? { after: from } : {}) },
            { signal },
          );
          return { data: answer.data, has_more: answer.has_more };
        });
        for (const event of page.data) {
          if (event.id === seen) return fresh.reverse();
          fresh.push(event);
        }
        after = page.data.at(-1)?.id;
        if (!page.has_more || !after) return fresh.reverse();
      }
    },
    async checkpoints(id: string): Promise<ProviderCheckpoint[]> {
      const { data } = await call(Page(Checkpoint), ask, async (signal) => {
        const page = await fineTuning.jobs.checkpoints.list(id, { limit: 100 }, { signal });
        return { data: page.data };
      });
      return data;
    },
    /** Asks for one tool call, at temperature 0, and how likely it was where that can be had. */
    async chat({ model, messages, tools }: ChatRequest, signal: AbortSignal): Promise<ChatAnswer> {
      const request = {
        model,
        messages,
        tools,
        tool_choice: 'required',
        parallel_tool_calls: false,
        temperature: 0,
      } as const;
      const complete = (more: { logprobs?: true; top_logprobs?: number }) =>
        call(Chat, { ...ask, signal }, (inner) =>
          chat.completions.create({ ...request, ...more }, { signal: inner }),
        );
      const { choices, usage } = withoutChances.has(model)
        ? await complete({})
        : await complete(chancesWanted).catch((error: unknown) => {
            if (!isAboutChances(error)) throw error;
            withoutChances.add(model); // it will not tell the next time either
            return complete({});
          });
      const message = choices[0]?.message;
      const told = choices[0]?.logprobs?.content;
      return {
        call: message?.tool_calls?.[0]?.function ?? null,
        text: message?.content ?? null,
        tokens: usage ? { input: usage.prompt_tokens, output: usage.completion_tokens } : null,
        chances: told?.length
          ? told.map(({ token, logprob, top_logprobs }) => ({
              token,
              logprob,
              top: top_logprobs ?? [],
            }))
          : null,
      };
    },
  };
}

/** As many as the API has. */
const chancesWanted = { logprobs: true, top_logprobs: 20 } as const;

/** Whether a request was refused because of the question how likely its answer was. */
function isAboutChances(error: unknown): boolean {
  return (
    error instanceof ModelServerError && error.status === 400 && /logprobs/i.test(error.message)
  );
}
