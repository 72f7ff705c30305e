import {
  type DBSchema,
  type IDBPDatabase,
  type IDBPTransaction,
  openDB,
  type StoreNames,
} from 'idb';
import type { InteractionRecord, Tombstone } from '../../src/contract/interaction.ts';
import type { DropReason } from '../../src/contract/vocabulary.ts';
import type { HeldDraft, KeptRecord, LocalState, StoredSession } from './types.ts';

/** A session with what the sender notes beside it. */
export type SessionRow = {
  session: StoredSession;
  book: SenderBook;
};

/** What the sender must know again after any death. */
export type SenderBook = {
  /** Server and project that something of it was sent to, as `homeOf` says it. */
  home: string | null;
  /** Why it cannot go on by itself; it is left alone until the connection or its state is another one. */
  stuck: { connectionId: string; state: LocalState } | null;
  /** Sequences under which the server holds another body; its own stays. */
  conflicting: number[];
  /** Interactions that the server refused; tombstones stand for them. */
  refused: { sequence: number; code: string; message: string }[];
  /** Times that the sender was opened since it began. */
  restarts: number;
  sentAt: number | null;
  /** Digest of all that was acknowledged and forgotten here. Absent in what an older version began. */
  digest?: { count: number; sum: string };
};

export type InteractionRow = {
  sessionId: string;
  sequence: number;
  item: InteractionRecord | Tombstone;
  /** Of its JSON. */
  chars: number;
  keptAt: number;
};

/**
 * `kept`: the server was not told. `announced`: it was, and lacks the bytes. `stored`: it has them.
 * `dropped`: given up, with a reason.
 */
export type BlobState = 'kept' | 'announced' | 'stored' | 'dropped';

export type BlobRow = KeptRecord & {
  id: string;
  sessionId: string;
  state: BlobState;
  reason: DropReason | null;
  /** Held here; 0 when they were sent or given up. */
  bytes: number;
  keptAt: number;
  /** The same, while there are bytes; absent after. */
  heldAt?: number;
};

interface Schema extends DBSchema {
  sessions: { key: string; value: SessionRow; indexes: { byStart: string } };
  drafts: { key: [string, string]; value: HeldDraft; indexes: { byStart: [string, number] } };
  /** Drafts that have their number, so that a repeat makes no second interaction. */
  numbered: {
    key: [string, string];
    value: { sessionId: string; draftId: string; sequence: number };
  };
  interactions: { key: [string, number]; value: InteractionRow };
  blobs: {
    key: string;
    value: BlobRow;
    indexes: {
      bySession: [string, number];
      byState: [string, BlobState, number];
      /** Only what has its bytes here. */
      byAge: [string, number];
    };
  };
  bytes: { key: string; value: ArrayBuffer };
  /** Bytes of all that is in `bytes`. */
  totals: { key: 'bytes'; value: number };
}

export type Names = StoreNames<Schema>;
/** Typed for every store; what it was not opened for it refuses at run time. */
export type Tx = IDBPTransaction<Schema, Names[], 'readwrite'>;
export type ReadTx = IDBPTransaction<Schema, Names[], 'readonly'>;

export type Database = {
  read<T>(names: Names[], work: (tx: ReadTx) => Promise<T>): Promise<T>;
  /**
   * Resolves when all of it is on disk. What `work` throws undoes all of it.
   *
   * @throws {StorageError} nothing was written
   */
  write<T>(names: Names[], work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

/** The browser could not write or read. Nothing of the transaction was written. */
export class StorageError extends Error {
  override name = 'StorageError';
  /** There is no room on the device, or the browser grants none. */
  readonly isFull: boolean;
  constructor(cause: unknown) {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    const isFull = name === 'QuotaExceededError';
    super(
      isFull
        ? 'There is no room left on this device for what is recorded. Free some disk space.'
        : `The browser's storage failed (${name}: ${message}). Restart the browser.`,
      { cause },
    );
    this.isFull = isFull;
  }
}

/** Every key of one session in a store whose keys begin with it. */
export function allOf(sessionId: string): IDBKeyRange {
  return IDBKeyRange.bound([sessionId], [sessionId, []]); // arrays sort behind all else
}

/** The database of this browser profile. Opens it anew when the browser closed it. */
export function openDatabase(name: string): Database {
  let opened: Promise<IDBPDatabase<Schema>> | null = null;
  const forget = () => {
    opened = null;
  };
  const open = () => {
    opened ??= openDB<Schema>(name, 1, {
      upgrade: (db, version) => {
        if (version < 1) createStores(db);
      },
      blocking(_current, _blocked, event) {
        (event.target as IDBDatabase).close(); // another part of the extension is newer
        forget();
      },
      terminated: forget,
    }).catch((error: unknown) => {
      forget();
      throw new StorageError(error);
    });
    return opened;
  };

  return {
    async read(names, work) {
      const tx = (await open()).transaction(names, 'readonly');
      return settle(tx, work);
    },
    async write(names, work) {
      const tx = (await open()).transaction(names, 'readwrite', { durability: 'strict' });
      return settle(tx, work);
    },
    async close() {
      (await opened)?.close();
      forget();
    },
  };
}

async function settle<
  X extends { done: Promise<void>; abort(): void; error: DOMException | null },
  T,
>(tx: X, work: (tx: X) => Promise<T>): Promise<T> {
  const done = tx.done.then(
    () => null,
    (error: unknown) => ({ error: tx.error ?? error }),
  );
  let answer: T;
  try {
    answer = await work(tx);
  } catch (error) {
    try {
      tx.abort();
    } catch {} // it ended by itself
    const failed = await done;
    const isStorage = error instanceof DOMException;
    throw isStorage ? new StorageError(failed?.error ?? error) : error;
  }
  const failed = await done;
  if (failed) throw new StorageError(failed.error);
  return answer;
}

function createStores(db: IDBPDatabase<Schema>): void {
  db.createObjectStore('sessions', { keyPath: 'session.id' }).createIndex(
    'byStart',
    'session.startedAt',
  );
  db.createObjectStore('drafts', { keyPath: ['sessionId', 'draftId'] }).createIndex('byStart', [
    'sessionId',
    'startedAt',
  ]);
  db.createObjectStore('numbered', { keyPath: ['sessionId', 'draftId'] });
  db.createObjectStore('interactions', { keyPath: ['sessionId', 'sequence'] });
  const blobs = db.createObjectStore('blobs', { keyPath: 'id' });
  blobs.createIndex('bySession', ['sessionId', 'keptAt']);
  blobs.createIndex('byState', ['sessionId', 'state', 'keptAt']);
  blobs.createIndex('byAge', ['kind', 'heldAt']);
  db.createObjectStore('bytes');
  db.createObjectStore('totals');
}
