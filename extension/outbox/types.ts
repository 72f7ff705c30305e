import type { CoverageAccount } from '../../src/contract/coverage.ts';
import type { ScreenshotRecord, SnapshotRecord } from '../../src/contract/image.ts';
import type {
  FrameStep,
  InteractionRecord,
  PageState,
  Tombstone,
} from '../../src/contract/interaction.ts';
import type { DropReason } from '../../src/contract/vocabulary.ts';
import type { RecentSession } from '../messages.ts';
import type { Draft } from '../page.ts';

/** An interaction that is on disk and has no number yet. */
export type HeldDraft = {
  sessionId: string;
  draftId: string;
  /** Not over: it may still grow, change or be taken back. */
  isOpen: boolean;
  /** `null` while only its beginning is known. */
  draft: Draft | null;
  startedAt: number;
  /** When it was last told of; an open one that is silent for long is closed. */
  heardAt: number;
  frame: FrameStep[];
  tabId: number;
  frameId: number;
  /** The browser's own name of the document; `null` for what the recorder itself saw, such as a tab. */
  documentId: string | null;
  /** The page after it came to rest. */
  after: PageState | null;
  /** Pictures that the camera assigned. */
  beforeImageId: string | null;
  beforeFrameAgeMs: number | null;
  afterImageId: string | null;
};

/**
 * An image, page or sound that is on disk.
 *
 * A screenshot without `interactionSequence` (absent, not `null`) does not know yet where it belongs:
 * it is not announced while its session is `recording` or `paused`.
 */
export type KeptBlob =
  | { kind: 'screenshot'; record: ScreenshotRecord; bytes: ArrayBuffer }
  | { kind: 'snapshot'; record: SnapshotRecord; bytes: ArrayBuffer }
  | { kind: 'audio'; record: AudioRecord; bytes: ArrayBuffer };

/** A blob without its bytes. */
export type KeptRecord =
  | { kind: 'screenshot'; record: ScreenshotRecord }
  | { kind: 'snapshot'; record: SnapshotRecord }
  | { kind: 'audio'; record: AudioRecord };

export type AudioRecord = {
  id: string;
  startedAt: string;
  durationMs: number;
  mimeType: 'audio/webm';
  bytes: number;
  sha256: string;
};

export type NewSession = {
  id: string;
  task: string;
  startUrl: string;
  startedAt: string;
  /** What the server is told of browser and recorder. */
  client: Record<string, unknown>;
  isHeld: boolean;
  recordsAudio: boolean;
  consentId: string | null;
};

/**
 * `recording` and `paused` take more; `held` waits for the participant; `sending` goes to the server;
 * `sent` was ended there; `discarding` waits until the server has forgotten it.
 */
export type LocalState = 'recording' | 'paused' | 'held' | 'sending' | 'sent' | 'discarding';

export type StoredSession = NewSession & {
  state: LocalState;
  endedAt: string | null;
  lastSequence: number;
  acknowledged: number;
  screenshots: number;
  snapshots: number;
  /** Images, pages and sounds that were given up. */
  dropped: number;
  coverage: CoverageAccount;
  /** What the server says of it, once it was sent. */
  remote: Pick<RecentSession, 'state' | 'site' | 'stages' | 'quality' | 'advice'> | null;
};

/** What waits, and how it goes. */
export type QueueState = {
  interactions: number;
  uploads: number;
  bytes: number;
  oldestAgeMs: number | null;
  /** In a row, without success. */
  attempts: number;
  lastError: string | null;
};

/**
 * All that was captured, on disk until the server has it. What resolves is committed (IndexedDB,
 * `durability: 'strict'`); it survives the worker, the browser and the machine.
 */
export type Store = {
  startSession(session: NewSession): Promise<StoredSession>;
  session(id: string): Promise<StoredSession | null>;
  /** Newest first. */
  sessions(): Promise<StoredSession[]>;
  /** Reads, changes and writes in one transaction; `null` when there is no such session. */
  changeSession(
    id: string,
    change: (session: StoredSession) => Partial<StoredSession>,
  ): Promise<StoredSession | null>;
  /** Removes the session and all that belongs to it. */
  removeSession(id: string): Promise<void>;

  /** Adds or replaces, by draftId; a draft that has its number already is left alone. */
  keepDrafts(drafts: HeldDraft[]): Promise<void>;
  /** Changes a draft that is there; nothing happens when it is not. */
  changeDraft(sessionId: string, draftId: string, change: Partial<HeldDraft>): Promise<void>;
  removeDraft(sessionId: string, draftId: string): Promise<void>;
  /** By `startedAt`. */
  drafts(sessionId: string): Promise<HeldDraft[]>;
  /**
   * Gives the drafts the next numbers, in this order: they are drafts no more, and the interactions
   * are there, in one transaction. `make` may answer with a tombstone.
   */
  number(
    sessionId: string,
    draftIds: string[],
    make: (draft: HeldDraft, sequence: number) => InteractionRecord | Tombstone,
  ): Promise<void>;

  /** By id; one that is there already stays. Counts in the session. */
  keepBlob(sessionId: string, blob: KeptBlob): Promise<void>;
  /** Changes what is said of a picture that was not announced yet; `false` when it was. */
  changeScreenshot(id: string, change: Partial<ScreenshotRecord>): Promise<boolean>;
  /** Gives up the bytes, with the reason; the record stays until the server knows. */
  dropBlob(id: string, reason: DropReason): Promise<void>;

  // What the review page shows of a session that is still here.
  /** By sequence. */
  interactions(sessionId: string): Promise<(InteractionRecord | Tombstone)[]>;
  /** Pictures, pages and sounds without their bytes; in the order in which they were kept. */
  blobs(sessionId: string): Promise<KeptRecord[]>;
  /** `null` when they were given up, or the server has them. */
  bytes(id: string): Promise<ArrayBuffer | null>;
};
