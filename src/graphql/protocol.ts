import type { ExecutionResult, GraphQLError } from 'graphql';
import type { OperationRequest } from './operations.ts';

/** The subprotocol, https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. */
export const subprotocol = 'graphql-transport-ws';

/** Close codes of the protocol. */
const codes = {
  malformed: 4400,
  unauthorized: 4401,
  otherProtocol: 4406,
  silent: 4408,
  sameId: 4409,
  initialisedTwice: 4429,
} as const;

const initTimeoutMs = 5_000;

/** A socket as far as the protocol needs it. */
export type Wire = {
  protocol: string;
  /** Resolves when a slow reader may be sent the next event. */
  send(message: string): Promise<void> | void;
  close(code: number, reason: string): void;
};

type Events = AsyncIterableIterator<ExecutionResult>;

export type Handlers = {
  /** `connection_init`, with its payload. May close the wire. */
  connect(params: Record<string, unknown>): Promise<void>;
  /** Begins an operation, or says why it is refused. */
  start(
    request: OperationRequest,
  ): { errors: readonly GraphQLError[] } | Promise<ExecutionResult | Events>;
  /** What the client may read of what a source of events threw. */
  mask(error: unknown): GraphQLError;
};

/**
 * One connection of the server's side. graphql-ws has it too, with hooks at every step, each of which
 * is waited for: 30 µs for a mutation, a tenth of what the server does for an interaction. Its client is
 * what the tests connect with.
 */
export function openConnection(
  wire: Wire,
  { connect, start, mask }: Handlers,
): { receive(text: string): void; closed(): void } {
  /** Operations that the client has not completed; `null` for those without events. */
  const running = new Map<string, { events: Events | null }>();
  let state: 'NEW' | 'CONNECTING' | 'READY' = 'NEW';
  const silence = setTimeout(() => {
    if (state === 'NEW') wire.close(codes.silent, 'Connection initialisation timeout');
  }, initTimeoutMs);
  if (wire.protocol !== subprotocol) wire.close(codes.otherProtocol, 'Subprotocol not acceptable');

  const say = (message: object) => wire.send(JSON.stringify(message));

  const run = async (id: string, request: OperationRequest): Promise<void> => {
    const own: { events: Events | null } = { events: null };
    const isWanted = () => running.get(id) === own;
    running.set(id, own);
    try {
      const started = start(request);
      if ('errors' in started) return void say({ id, type: 'error', payload: started.errors });
      const result = await started;
      if (Symbol.asyncIterator in result) {
        own.events = result;
        if (!isWanted()) return void (await result.return?.());
        for await (const event of result) await say({ id, type: 'next', payload: event });
      } else if (isWanted()) void say({ id, type: 'next', payload: result });
      if (isWanted()) void say({ id, type: 'complete' });
    } catch (error) {
      if (isWanted()) void say({ id, type: 'error', payload: [mask(error)] });
    } finally {
      if (isWanted()) running.delete(id);
    }
  };

  const forget = async (id: string): Promise<void> => {
    const operation = running.get(id);
    running.delete(id);
    await operation?.events?.return?.();
  };

  return {
    receive(text) {
      const message = parseMessage(text);
      switch (message?.type) {
        case 'connection_init':
          if (state !== 'NEW')
            return wire.close(codes.initialisedTwice, 'Too many initialisation requests');
          state = 'CONNECTING';
          return void connect(message.payload ?? {}).then(() => {
            state = 'READY';
            void say({ type: 'connection_ack' });
          });
        case 'ping':
          return void say({
            type: 'pong',
            ...(message.payload ? { payload: message.payload } : {}),
          });
        case 'pong':
          return;
        case 'subscribe':
          if (state !== 'READY') return wire.close(codes.unauthorized, 'Unauthorized');
          if (running.has(message.id))
            return wire.close(codes.sameId, `Subscriber for ${message.id} already exists`);
          return void run(message.id, message.payload);
        case 'complete':
          return void forget(message.id);
        default:
          return wire.close(codes.malformed, 'Invalid message received');
      }
    },
    closed() {
      clearTimeout(silence);
      for (const id of [...running.keys()]) void forget(id);
    },
  };
}

type Message =
  | { type: 'connection_init' | 'ping' | 'pong'; payload?: Record<string, unknown> | null }
  | { type: 'subscribe'; id: string; payload: OperationRequest }
  | { type: 'complete'; id: string };

/** A message that clients may send, or `null`. */
function parseMessage(text: string): Message | null {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(message)) return null;
  const { type, id, payload } = message;
  const hasId = typeof id === 'string' && id !== '';
  const isGood =
    type === 'subscribe'
      ? hasId && isRequest(payload)
      : type === 'complete'
        ? hasId
        : (type === 'connection_init' || type === 'ping' || type === 'pong') &&
          (payload == null || isObject(payload));
  return isGood ? (message as Message) : null;
}

function isRequest(payload: unknown): boolean {
  if (!isObject(payload) || typeof payload.query !== 'string') return false;
  const { operationName, variables, extensions } = payload;
  return (
    (operationName == null || typeof operationName === 'string') &&
    (variables == null || isObject(variables)) &&
    (extensions == null || isObject(extensions))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
