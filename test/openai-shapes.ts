import * as z from 'zod';

/** Requests as the provider documents them (platform.openai.com/docs/api-reference); anything else is 400. */

const id = z.string().min(1);
const Metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((all) => Object.keys(all).length <= 16, 'at most 16 pairs');

export const FileForm = z.strictObject({
  purpose: z.enum(['fine-tune', 'batch', 'assistants', 'vision', 'user_data', 'evals']),
  file: z.instanceof(File),
});

export const UploadRequest = z.strictObject({
  bytes: z
    .number()
    .int()
    .positive()
    .max(8 * 1024 ** 3),
  filename: z.string().min(1),
  mime_type: z.enum(['text/jsonl', 'application/jsonl']),
  purpose: z.literal('fine-tune'),
});

export const PartForm = z.strictObject({ data: z.instanceof(Blob) });

export const CompleteRequest = z.strictObject({
  part_ids: z.array(id).min(1),
  md5: z.string().optional(),
});

const auto = <T extends z.ZodType>(schema: T) => z.union([z.literal('auto'), schema]).optional();
const Supervised = z.strictObject({
  n_epochs: auto(z.number().int().min(1).max(50)),
  batch_size: auto(z.number().int().min(1).max(256)),
  learning_rate_multiplier: auto(z.number().positive().max(100)),
});

export const JobRequest = z.strictObject({
  model: id,
  training_file: id,
  validation_file: id.nullish(),
  seed: z.number().int().min(0).max(2_147_483_647).nullish(),
  suffix: z.string().min(1).max(64).nullish(),
  metadata: Metadata.nullish(),
  method: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('supervised'),
      supervised: z.strictObject({ hyperparameters: Supervised.optional() }).optional(),
    }),
    z.strictObject({
      type: z.literal('dpo'),
      dpo: z
        .strictObject({
          hyperparameters: Supervised.extend({
            beta: auto(z.number().positive().max(2)),
          }).optional(),
        })
        .optional(),
    }),
  ]),
});

/** By its first bytes, as base64 in a `data:` URL; what is elsewhere is not looked at. */
function isPicture(url: string): boolean {
  if (url.startsWith('https://')) return true;
  const [, type = '', base64 = ''] = /^data:image\/(jpeg|png|webp);base64,(.+)$/.exec(url) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  const head = bytes.toString('latin1', 0, 12);
  const starts = { jpeg: '\xff\xd8', png: '\x89PNG', webp: 'RIFF' }[type];
  return starts !== undefined && head.startsWith(starts) && bytes.length <= 10 * 1024 ** 2;
}

const Call = z.strictObject({
  id,
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});
const Content = z.union([
  z.string(),
  z
    .array(
      z.union([
        z.strictObject({ type: z.literal('text'), text: z.string() }),
        z.strictObject({
          type: z.literal('image_url'),
          image_url: z.strictObject({
            url: z.string().refine(isPicture, 'a JPEG, PNG or WebP of 10 MB at most'),
            detail: z.enum(['low', 'high', 'auto']).optional(),
          }),
        }),
      ]),
    )
    .min(1)
    .refine((parts) => parts.filter(({ type }) => type === 'image_url').length <= 10, 'ten images'),
]);
const Tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullish(),
  }),
});
const Asked = z.union([
  z.strictObject({ role: z.enum(['system', 'developer']), content: z.string() }),
  z.strictObject({ role: z.literal('user'), content: Content }),
]);
const Said = z.strictObject({
  role: z.literal('assistant'),
  content: z.string().nullish(),
  weight: z.union([z.literal(0), z.literal(1)]).optional(),
  tool_calls: z.array(Call).min(1).optional(),
});

/** A line of a training file, by method. */
export const lineShapes = {
  supervised: z.strictObject({
    messages: z.array(z.union([Asked, Said])).min(2),
    tools: z.array(Tool).optional(),
    parallel_tool_calls: z.boolean().optional(),
  }),
  dpo: z.strictObject({
    input: z.strictObject({
      messages: z.array(Asked).min(1),
      tools: z.array(Tool).optional(),
      parallel_tool_calls: z.boolean().optional(),
    }),
    preferred_output: z.array(Said).length(1),
    non_preferred_output: z.array(Said).length(1),
  }),
};

export const ChatRequest = z
  .strictObject({
    model: id,
    messages: z.array(z.union([Asked, Said])).min(1),
    tools: z.array(Tool).min(1).optional(),
    tool_choice: z.union([z.enum(['none', 'auto', 'required']), z.looseObject({})]).optional(),
    parallel_tool_calls: z.boolean().optional(),
    temperature: z.number().min(0).max(2).optional(),
    seed: z.number().int().optional(),
    max_completion_tokens: z.number().int().positive().optional(),
    logprobs: z.boolean().optional(),
    top_logprobs: z.number().int().min(0).max(20).optional(),
  })
  .refine(
    ({ logprobs, top_logprobs }) => top_logprobs === undefined || logprobs,
    'top_logprobs needs logprobs',
  );
