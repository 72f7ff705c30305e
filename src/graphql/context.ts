import type { ApiScope } from '../contract/accounts.ts';
import type { App } from '../platform/app.ts';
import type { Trace } from '../platform/trace.ts';

/** Who asks. */
export type Viewer = {
  kind: 'KEY' | 'USER';
  /** Id of the key or of the user. */
  id: string;
  projectId: string;
  /** The participant that a key belongs to. */
  participantId: string | null;
  scopes: ReadonlySet<ApiScope>;
  /** From then on the viewer is nobody. */
  expiresAt: Date | null;
};

/** What every resolver gets. */
export type Context = {
  app: App;
  viewer: Viewer | null;
  transport: 'HTTP' | 'WEBSOCKET';
  /** The caller's network address, for limits against guessing. */
  address: string;
  trace: Trace;
  /** Aborts when nobody waits for the answer any more. */
  signal: AbortSignal;
  /** Asks again who the viewer is; `null` when the key was revoked or the token ended. */
  recheck(): Promise<Viewer | null>;
  /** Values that one operation computes once, by the function that makes them. */
  once: Map<unknown, unknown>;
};

/** Finds who a bearer token belongs to; `null` for nobody. Part of `accounts/`, given to the doors. */
export type Authenticate = (
  app: App,
  credentials: { token: string | null; address: string },
) => Promise<Viewer | null>;

/** The value that `make` gives for this operation, made at most once. */
export function onceFor<T>(context: Context, make: (context: Context) => T): T {
  if (!context.once.has(make)) context.once.set(make, make(context));
  return context.once.get(make) as T;
}
