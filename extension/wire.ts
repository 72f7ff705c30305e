import type { PageRequests, Reply, Requests } from './messages.ts';

type Table = Record<string, { ask: unknown; answer: unknown }>;

/** Answers by name of the request. What they throw goes back in words, with its `advice` if it has one. */
export type Handlers<T extends Table> = {
  [K in keyof T]?: (
    ask: T[K]['ask'],
    sender: chrome.runtime.MessageSender,
  ) => T[K]['answer'] | Promise<T[K]['answer']>;
};

/** Asked by documents of web pages; everything else only by the extension's own pages. */
const FROM_PAGES = /^(?:page|mark)\./;

/** The other side heard the request and said no. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** What the person can do; may be empty. */
  readonly advice: string;

  constructor(message: string, advice = '') {
    super(message);
    this.advice = advice;
  }
}

/** Nobody answered: the worker died, the frame is gone, or the extension was reloaded. */
export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
  /** This script belongs to an extension that runs no more; asking again never helps. */
  readonly isFinal: boolean;

  constructor(message: string, options: ErrorOptions & { isFinal: boolean }) {
    super(message, options);
    this.isFinal = options.isFinal;
  }
}

/**
 * Asks another part of the extension.
 *
 * @throws {RefusedError} it answered and said no
 * @throws {UnansweredError} nobody answered
 */
export async function ask<K extends keyof Requests>(
  type: K,
  question: Requests[K]['ask'],
): Promise<Requests[K]['answer']> {
  return answerIn<Requests[K]['answer']>(type, () =>
    chrome.runtime.sendMessage({ type, ask: question }),
  );
}

/**
 * Asks one document of a tab.
 *
 * @throws {RefusedError} it answered and said no
 * @throws {UnansweredError} the document is gone, or has no content script
 */
export async function askPage<K extends keyof PageRequests>(
  at: { tabId: number } & ({ documentId: string } | { frameId: number }),
  type: K,
  question: PageRequests[K]['ask'],
): Promise<PageRequests[K]['answer']> {
  const { tabId, ...place } = at;
  return answerIn<PageRequests[K]['answer']>(type, () =>
    chrome.tabs.sendMessage(tabId, { type, ask: question }, place),
  );
}

/**
 * Answers the named requests; others are left to other listeners. Call it in the first turn of the
 * worker's loop. A web page's document is heard only for `page.*` and `mark.*`.
 *
 * @returns stops answering
 */
export function handle(handlers: Handlers<Requests>): () => void {
  return listen(handlers, (type, sender) => FROM_PAGES.test(type) || isOwnPage(sender));
}

/** As `handle`, in a content script. */
export function handlePage(handlers: Handlers<PageRequests>): () => void {
  return listen(handlers, () => true);
}

function listen<T extends Table>(
  handlers: Handlers<T>,
  mayAsk: (type: string, sender: chrome.runtime.MessageSender) => boolean,
): () => void {
  const answer = (
    message: unknown,
    sender: chrome.runtime.MessageSender,
    reply: (reply: Reply<unknown>) => void,
  ): boolean => {
    if (!isRequest(message) || !Object.hasOwn(handlers, message.type)) return false;
    const handler = handlers[message.type];
    if (!handler) return false;
    Promise.try(() => {
      if (!mayAsk(message.type, sender)) {
        throw new RefusedError(`Expected ${message.type} from the extension itself.`);
      }
      return handler(message.ask, sender);
    }).then(
      (answer) => reply({ ok: true, answer: answer ?? null }),
      (error: unknown) => reply({ ok: false, ...wordsOf(error) }),
    );
    return true; // keeps the channel open until `reply` is called
  };
  chrome.runtime.onMessage.addListener(answer);
  return () => chrome.runtime.onMessage.removeListener(answer);
}

async function answerIn<A>(type: string, send: () => Promise<unknown>): Promise<A> {
  let reply: unknown;
  try {
    reply = await send();
  } catch (cause) {
    // The API itself goes away in a script whose extension was reloaded.
    const isFinal = !chrome.runtime?.id || /context invalidated/i.test(String(cause));
    throw new UnansweredError(`Nobody answered ${type}.`, { cause, isFinal });
  }
  if (!isReply<A>(reply)) throw new UnansweredError(`Nobody answered ${type}.`, { isFinal: false });
  if (!reply.ok) throw new RefusedError(reply.message, reply.advice);
  return reply.answer;
}

function isOwnPage({ url }: chrome.runtime.MessageSender): boolean {
  return url?.startsWith(chrome.runtime.getURL('')) ?? false;
}

function isRequest(message: unknown): message is { type: string; ask: never } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string'
  );
}

function isReply<A>(reply: unknown): reply is Reply<A> {
  return typeof reply === 'object' && reply !== null && 'ok' in reply;
}

function wordsOf(error: unknown): { message: string; advice: string } {
  const message = error instanceof Error ? error.message : String(error);
  const hasAdvice = error instanceof Error && 'advice' in error;
  return { message, advice: hasAdvice ? String(error.advice) : '' };
}
