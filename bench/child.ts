import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';

/** What a child can be asked to do. Questions and answers are JSON. */
// biome-ignore lint/suspicious/noExplicitAny: a child says itself what it takes
export type Handlers = Record<string, (question: any) => Promise<unknown>>;

/** A process of ours that does one side of a bench. */
export type Child<H extends Handlers> = {
  ask<K extends keyof H & string>(
    name: K,
    question: Parameters<H[K]>[0],
  ): Promise<Awaited<ReturnType<H[K]>>>;
  stop(): Promise<void>;
};

type Question = { id: number; name: string; question: unknown };
type Answer = { id: number; answer?: unknown; error?: string };

/** Starts a module that calls `answerParent`, with flags of Node. */
export function startChild<H extends Handlers>(module: URL, execArgv: string[] = []): Child<H> {
  const stdio: StdioOptions = ['ignore', 'inherit', 'inherit', 'ipc'];
  const child: ChildProcess = fork(module, { execArgv, stdio });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  let ended: Error | null = null;
  child.on('message', ({ id, answer, error }: Answer) => {
    if (error === undefined) waiting.get(id)?.resolve(answer);
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  child.once('exit', (code, signal) => {
    ended = new Error(`A client process ended with ${signal ?? code}.`);
    for (const { reject } of waiting.values()) reject(ended);
  });
  return {
    ask(name, question) {
      if (ended) return Promise.reject(ended);
      asked += 1;
      const id = asked;
      child.send({ id, name, question } satisfies Question);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve: (answer) => resolve(answer as never), reject });
      });
    },
    async stop() {
      if (ended) return;
      const exit = once(child, 'exit');
      if (child.connected) child.disconnect();
      else child.kill();
      await exit;
    },
  };
}

/** Answers what the parent asks, and ends with it. */
export function answerParent(handlers: Handlers): void {
  process.on('message', ({ id, name, question }: Question) => {
    const work = Promise.resolve().then(() => handlers[name]?.(question));
    work.then(
      (answer) => process.send?.({ id, answer } satisfies Answer),
      (error: unknown) => process.send?.({ id, error: messageOf(error) } satisfies Answer),
    );
  });
  process.once('disconnect', () => process.exit());
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
