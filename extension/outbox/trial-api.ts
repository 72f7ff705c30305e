import type { ConnectionTest } from '../messages.ts';
import type { KeptRecord, QueueState, StoredSession } from './types.ts';

export type Recorded = {
  id: string;
  interactions?: number;
  screenshots?: number;
  snapshots?: number;
  sounds?: number;
  /** Pictures of which is not known yet what they belong to. */
  undecided?: number;
  pictureBytes?: number;
  isHeld?: boolean;
  consentId?: string | null;
  /** Sequences whose interaction does not fit, and how. */
  odd?: Record<number, 'huge' | 'misfit' | 'unstorable'>;
};

type Consent = { id: string; withdrawnAt: string | null; recordedBy: string[] };
type Problem = { message: string; advice: string };

/** What `trial.ts` does in a page, for tests that drive it from outside. Answers are JSON, or promises of it. */
export type Trial = {
  problems(): Problem[];
  remotes(): StoredSession[];
  alarms(): Record<string, unknown>;
  setQuota(estimate: { quota: number; usage: number } | null): void;
  connect(connection: Record<string, unknown>): Promise<void>;
  disconnect(): Promise<void>;
  setLimit(bytes: number): Promise<void>;
  changeScreenshot(id: string, change: Record<string, unknown>): Promise<boolean>;
  testConnection(url: string, key: string): Promise<ConnectionTest>;
  saveConnection(url: string, key: string): Promise<ConnectionTest>;
  giveConsent(): Promise<Consent>;
  withdrawConsent(): Promise<void>;
  loadConsents(): Promise<Consent[]>;
  openDiagnostics(operation: string, timeoutMs: number): Promise<void>;
  openSender(): Promise<void>;
  closeSender(): Promise<void>;
  refresh(): Promise<void>;
  state(): {
    connection: { state: string; detail: string | null; project: string | null };
    queue: QueueState;
  };
  session(id: string): Promise<StoredSession | null>;
  sessions(): Promise<StoredSession[]>;
  blobs(id: string): Promise<(KeptRecord & { state: string; reason: string | null })[]>;
  interactions(id: string): Promise<{ sequence: number; dropped?: string }[]>;
  dropBlob(id: string): Promise<void>;
  changeSession(id: string, change: Partial<StoredSession>): Promise<StoredSession | null>;
  left(id: string): Promise<Record<string, number>>;
  record(spec: Recorded): Promise<void>;
  stop(id: string): Promise<void>;
};
