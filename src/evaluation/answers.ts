import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import * as z from 'zod';
import { operations } from '../datasets/example.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';

const Said = z.object({
  ref: z.string(),
  /** As its line in the outline. */
  text: z.string(),
  within: z.string().nullable(),
});

/** What is kept of an answer, so that it can be read beside what was right. */
export const KeptAnswer = z.object({
  task: z.string(),
  url: z.string(),
  right: Said.extend({ operation: z.enum(operations), value: z.string().nullable() }),
  /** Best first; at most ten. */
  ranked: z.array(Said.extend({ confidence: z.number().nullable() })),
  operation: z.enum(operations).nullable(),
  value: z.string().nullable(),
  /** Why it was no usable answer; `null` for a usable one. */
  problem: z.string().nullable(),
});
export type KeptAnswer = z.infer<typeof KeptAnswer>;

export function sealAnswer(key: DataKey, id: string, answer: KeptAnswer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(seal(key, zstdCompressSync(JSON.stringify(answer)), contextOf(id)));
}

export function openAnswer(
  key: DataKey,
  { id, sealed }: { id: string; sealed: Uint8Array },
): KeptAnswer {
  const json = zstdDecompressSync(unseal(key, sealed, contextOf(id))).toString('utf8');
  return KeptAnswer.parse(JSON.parse(json));
}

function contextOf(id: string): string {
  return `evaluation-result/${id}`;
}
