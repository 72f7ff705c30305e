import * as z from 'zod';
import { reportCategories, reportSeverities } from '../../contract/report.ts';
import { shortText } from '../../contract/text.ts';
import { AlertTrigger, ChannelKind } from '../../generated/prisma/enums.ts';

const uuid = z.uuid().toLowerCase();
const name = z.string().trim().min(1, 'expected a name, got nothing').max(100).pipe(shortText);
const word = z.string().min(1).max(200).pipe(shortText);

/** What is absent is `null`. */
const orNull = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? null);
/** What is absent is empty. */
const orNone = <T extends z.ZodType>(schema: T) =>
  z
    .array(schema)
    .max(64)
    .nullish()
    .transform((value) => value ?? []);
const orTrue = z
  .boolean()
  .nullish()
  .transform((value) => value ?? true);

export const SaveChannelInput = z.object({
  id: uuid,
  kind: z.enum(ChannelKind),
  name,
  url: orNull(z.string().trim().min(1).max(2_000).pipe(shortText)),
  secret: orNull(
    z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, 'expected whsec_ and 24 to 64 bytes in base64')
      .refine(
        (secret) => {
          const { length } = Buffer.from(secret.slice('whsec_'.length), 'base64');
          return length >= 24 && length <= 64;
        },
        { message: 'expected whsec_ and 24 to 64 bytes in base64' },
      ),
  ),
  enabled: orTrue,
});

const seconds = (least: number, most: number) => z.int().min(least).max(most);
const year = 366 * 86_400;

export const SaveAlertRuleInput = z.object({
  id: uuid,
  name,
  trigger: z.enum(AlertTrigger),
  threshold: orNull(z.number().min(0).max(1e12)),
  windowSeconds: orNull(seconds(60, 7 * 86_400)),
  sessions: orNull(z.int().min(1).max(1_000)),
  minSeverity: orNull(z.enum(reportSeverities)),
  categories: orNone(z.enum(reportCategories)),
  sources: orNone(word),
  tags: orNone(z.object({ name: word, value: word })),
  minAgeSeconds: orNull(seconds(0, 10 * year)),
  maxAgeSeconds: orNull(seconds(0, 10 * year)),
  channelIds: orNone(uuid).transform((ids) => [...new Set(ids)]),
  intervalSeconds: seconds(300, 30 * 86_400)
    .nullish()
    .transform((value) => value ?? 1_800),
  enabled: orTrue,
});

export const DeleteInput = z.object({ id: uuid });

export const TestChannelInput = z.object({ channelId: uuid, id: uuid });
