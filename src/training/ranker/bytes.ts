import * as z from 'zod';
import { firstHashed, width } from './features.ts';
import type { Linear } from './softmax.ts';
import type { RankerModel, RankerState } from './train.ts';
import { firstHashedValue, valueWidth } from './values.ts';

/** Raised whenever features change their places: weights of another version mean nothing here. */
const version = 1;

const Counts = z.record(z.string(), z.array(z.number()));
const Head = z.object({
  version: z.literal(version),
  width: z.literal(width),
  valueWidth: z.literal(valueWidth),
  operations: Counts,
  keys: z.record(z.string(), z.record(z.string(), z.number())),
  examples: z.number(),
  epoch: z.number(),
});
const StateHead = z.object({
  version: z.literal(version),
  width: z.literal(width),
  valueWidth: z.literal(valueWidth),
  epoch: z.number(),
  best: z.object({ epoch: z.number(), loss: z.number() }).nullable(),
});

/** A model as bytes: length of the head, head in JSON, weights as little-endian 32-bit floats. */
export function modelBytes({ rank, value, ...head }: RankerModel): Buffer {
  return pack({ version, width, valueWidth, ...head }, [rank, value]);
}

/** @throws {Error} the bytes are no model of this version */
export function readModel(bytes: Buffer): RankerModel {
  const { head, arrays } = unpack(Head, bytes, [width, valueWidth]);
  const [rank, value] = arrays as [Float32Array, Float32Array];
  const { operations, keys, examples, epoch } = head;
  return { rank, value, operations, keys, examples, epoch };
}

/** A checkpoint as bytes. */
export function stateBytes({ epoch, rank, value, best }: RankerState): Buffer {
  const head = {
    version,
    width,
    valueWidth,
    epoch,
    best: best && { epoch: best.epoch, loss: best.loss },
  };
  return pack(head, [
    rank.weights,
    rank.squares,
    value.weights,
    value.squares,
    ...(best ? [best.rank, best.value] : []),
  ]);
}

/** @throws {Error} the bytes are no checkpoint of this version */
export function readState(bytes: Buffer): RankerState {
  const { head, arrays } = unpack(StateHead, bytes, [
    width,
    width,
    valueWidth,
    valueWidth,
    width,
    valueWidth,
  ]);
  const [rank, rankSquares, value, valueSquares, bestRank, bestValue] = arrays;
  const linear = (weights?: Float32Array, squares?: Float32Array, first = 0): Linear => {
    if (!weights || !squares) throw new Error('Expected a whole checkpoint, got a part of one.');
    return { weights, squares, firstHashed: first };
  };
  const { epoch, best } = head;
  return {
    epoch,
    rank: linear(rank, rankSquares, firstHashed),
    value: linear(value, valueSquares, firstHashedValue),
    best: best && bestRank && bestValue ? { ...best, rank: bestRank, value: bestValue } : null,
  };
}

function pack(head: object, arrays: Float32Array[]): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const floats = arrays.map((array) => {
    const bytes = Buffer.alloc(array.length * 4);
    for (const [at, value] of array.entries()) bytes.writeFloatLE(value, at * 4);
    return bytes;
  });
  return Buffer.concat([length, text, ...floats]);
}

function unpack<T>(
  schema: z.ZodType<T>,
  bytes: Buffer,
  lengths: number[],
): { head: T; arrays: Float32Array[] } {
  const headLength = bytes.readUInt32LE(0);
  const head = schema.parse(JSON.parse(bytes.subarray(4, 4 + headLength).toString('utf8')));
  const arrays: Float32Array[] = [];
  let from = 4 + headLength;
  for (const length of lengths) {
    if (from + length * 4 > bytes.length) break;
    const array = new Float32Array(length);
    for (let at = 0; at < length; at++) array[at] = bytes.readFloatLE(from + at * 4);
    arrays.push(array);
    from += length * 4;
  }
  return { head, arrays };
}
