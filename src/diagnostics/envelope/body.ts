import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/** A request that is answered with a status and a sentence. */
export class DoorRefusal extends Error {
  override name = 'DoorRefusal';
  readonly status: number;
  readonly retryAfterSeconds: number | null;

  constructor(status: number, message: string, retryAfterSeconds: number | null = null) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Limits of what a reporter or SDK sends in one request. */
export const bodyLimits = {
  /** As it is sent, in bytes. */
  sentBytes: 2 * 1024 * 1024,
  /** After inflation, in bytes. */
  inflatedBytes: 8 * 1024 * 1024,
  /** From the first byte to the last, in milliseconds. */
  timeoutMs: 10_000,
} as const;

const inflaters: Record<
  string,
  (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>
> = {
  gzip: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  deflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate),
  br: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
};

/**
 * The body of a request, inflated, within limits before and after inflation.
 *
 * @throws {DoorRefusal} 408 too slow, 413 too large, 415 another encoding, 400 it cannot be inflated
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const inflate = Object.hasOwn(inflaters, encoding) ? inflaters[encoding] : undefined;
  if (!inflate && encoding !== 'identity')
    throw new DoorRefusal(
      415,
      `Expected a body in ${Object.keys(inflaters).join(', ')} or as it is, got ${encoding.slice(0, 40)}.`,
    );
  const body = await receive(request);
  if (!inflate) return body;
  try {
    return await inflate(body, { maxOutputLength: bodyLimits.inflatedBytes });
  } catch (error) {
    if (error instanceof RangeError)
      throw new DoorRefusal(
        413,
        `Expected at most ${bodyLimits.inflatedBytes} bytes after inflation, got more.`,
      );
    throw new DoorRefusal(400, `Expected a body in ${encoding}, got something else.`);
  }
}

/** What a body says in JSON; `undefined` where it is none. */
export function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function receive(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    request.destroy();
  }, bodyLimits.timeoutMs);
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > bodyLimits.sentBytes)
        throw new DoorRefusal(413, `Expected at most ${bodyLimits.sentBytes} bytes, got more.`);
      parts.push(part);
    }
  } catch (error) {
    if (isLate) throw new DoorRefusal(408, `Expected the body within ${bodyLimits.timeoutMs} ms.`);
    throw error;
  } finally {
    clearTimeout(late);
  }
  return Buffer.concat(parts);
}
