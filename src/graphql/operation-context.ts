import type { App } from '../platform/app.ts';
import type { Caller } from './caller.ts';
import type { Context } from './context.ts';

/**
 * The context of one operation. A class, because of its getter: a literal with one makes V8 a hidden
 * class for each object, which lies in old space with all that the getter sees, until a full collection.
 * Bench of ingest: 4 KB of each call grew old.
 */
export class OperationContext implements Context {
  readonly app: App;
  readonly viewer: Context['viewer'];
  readonly transport: Context['transport'];
  readonly address: string;
  readonly trace: Context['trace'];
  readonly recheck: Context['recheck'];
  readonly once: Context['once'] = new Map();
  #controller: AbortController | null = null; // made when somebody needs it: it costs 2 µs

  constructor(app: App, { viewer, transport, address, trace, recheck }: Caller) {
    this.app = app;
    this.viewer = viewer;
    this.transport = transport;
    this.address = address;
    this.trace = trace;
    this.recheck = recheck;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller ??= new AbortController();
    this.#controller.abort();
  }
}
