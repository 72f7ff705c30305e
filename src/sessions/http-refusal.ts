import type { IncomingMessage } from 'node:http';
import type { App } from '../platform/app.ts';

/** A request that is answered with a status and a sentence. */
export class HttpRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What a `GET` is answered with. */
export type ObjectAnswer = {
  type: string;
  /** Default: 200. */
  status?: number;
  headers?: Record<string, string>;
} & (
  | { body: Buffer }
  | { body: AsyncIterable<Uint8Array> /** Of the whole body. */; bytes: number }
);

/** What is done for the bearer of a signed URL; the answer to a `GET` has a body. */
export type ObjectAction = {
  method: 'GET' | 'PUT';
  run(app: App, id: string, request: IncomingMessage): Promise<ObjectAnswer | null>;
};
