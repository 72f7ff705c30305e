// The outbox in a plain page, for tests: only `chrome` is a stand-in, IndexedDB and network are real.
import type { ScreenshotRecord } from '../../src/contract/image.ts';
import { type Diagnostics, openDiagnostics } from '../recorder/diagnostics.ts';
import { openBacklog } from './backlog.ts';
import { saveConnection, testConnection } from './connections.ts';
import { giveConsent, loadConsents, withdrawConsent } from './consents.ts';
import { ownContracts } from './contracts.ts';
import type { Problem } from './room.ts';
import { openSender, type Sender } from './sender.ts';
import { loadLimitBytes } from './settings.ts';
import { type OpenedStore, openStore } from './store.ts';
import type { Recorded, Trial } from './trial-api.ts';
import type { HeldDraft, KeptBlob, StoredSession } from './types.ts';

type Listener = (changes: Record<string, unknown>) => void;

const listeners = new Set<Listener>();
const alarms: Record<string, unknown> = {};
const standIn = {
  storage: {
    local: {
      async get(key: string) {
        const value = localStorage.getItem(key);
        return value === null ? {} : { [key]: JSON.parse(value) };
      },
      async set(values: Record<string, unknown>) {
        for (const [key, value] of Object.entries(values))
          localStorage.setItem(key, JSON.stringify(value));
        for (const listener of listeners) listener(values);
      },
      async remove(key: string) {
        localStorage.removeItem(key);
        for (const listener of listeners) listener({ [key]: null });
      },
      onChanged: {
        addListener: (listener: Listener) => listeners.add(listener),
        removeListener: (listener: Listener) => listeners.delete(listener),
      },
    },
  },
  alarms: {
    async create(name: string, alarm: unknown) {
      alarms[name] = alarm;
    },
    async clear(name: string) {
      delete alarms[name];
    },
  },
};
Object.assign(globalThis, { chrome: standIn });

const problems: Problem[] = [];
const remotes: StoredSession[] = [];
const onProblem = (problem: Problem) => void problems.push(problem);
let quota: StorageEstimate | null = null;
const opening: Promise<OpenedStore> = openStore({
  onProblem,
  limitBytes: loadLimitBytes,
  estimate: async () => quota ?? navigator.storage.estimate(),
});
let sender: Sender | null = null;
let diagnostics: Diagnostics | null = null;

const trial: Trial = {
  problems: () => problems,
  remotes: () => remotes,
  alarms: () => alarms,
  setQuota: (estimate: StorageEstimate | null) => {
    quota = estimate;
  },
  connect: (connection) => chrome.storage.local.set({ connection }),
  disconnect: () => chrome.storage.local.remove('connection'),
  setLimit: (limitBytes: number) => chrome.storage.local.set({ limitBytes }),
  testConnection: (url: string, key: string) => testConnection({ url, key }),
  saveConnection: (url: string, key: string) => saveConnection({ url, key }),
  giveConsent: () => giveConsent({ version: '1', locale: 'en', text: 'I agree.' }),
  withdrawConsent,
  loadConsents,
  /** @param timeoutMs in place of what our contracts promise, for one operation */
  openDiagnostics: async (operation: string, timeoutMs: number) => {
    const contracts = ownContracts.map((contract) =>
      contract.operation === operation ? { ...contract, timeoutMs } : contract,
    );
    diagnostics = openDiagnostics({ contracts, checksEveryMs: 200 });
  },
  openSender: async () => {
    sender = openSender({
      store: await opening,
      onProblem,
      ...(diagnostics ? { watch: diagnostics.watch } : {}),
      onRemote: (session) => void remotes.push(session),
      backoff: { firstMs: 20, lastMs: 300 },
      retryBackoff: { firstMs: 50, lastMs: 500 },
    });
  },
  refresh: () => sending().refresh(),
  closeSender: () => sending().close(),
  state: () => sending().state(),
  session: async (id: string) => (await opening).session(id),
  sessions: async () => (await opening).sessions(),
  blobs: async (id: string) => openBacklog((await opening).database).blobs(id),
  interactions: async (id: string) => (await opening).interactions(id),
  dropBlob: async (id: string) => (await opening).dropBlob(id, 'CAPTURE_FAILED'),
  changeScreenshot: async (id: string, change: Partial<ScreenshotRecord>) =>
    (await opening).changeScreenshot(id, change),
  changeSession: async (id: string, change: Partial<StoredSession>) =>
    (await opening).changeSession(id, () => change),
  /** What is on disk of a session, in all stores. */
  async left(id: string) {
    const { database } = await opening;
    return database.read(['drafts', 'numbered', 'interactions', 'blobs', 'bytes'], async (tx) => ({
      drafts: (await tx.objectStore('drafts').getAll()).filter((row) => row.sessionId === id)
        .length,
      numbered: (await tx.objectStore('numbered').getAll()).filter((row) => row.sessionId === id)
        .length,
      interactions: (await tx.objectStore('interactions').getAll()).filter(
        (row) => row.sessionId === id,
      ).length,
      blobs: (await tx.objectStore('blobs').getAll()).filter((row) => row.sessionId === id).length,
      bytes: (await tx.objectStore('bytes').getAllKeys()).length,
    }));
  },
  /** Records a session, or goes on with it after any death: the same things are made each time. */
  async record(spec: Recorded): Promise<void> {
    const store = await opening;
    const { id, interactions = 0, screenshots = 0, snapshots = 0, sounds = 0 } = spec;
    await store.startSession({
      id,
      task: 'Buy a shirt',
      startUrl: 'https://shop.example/shirts',
      startedAt: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)).toISOString(),
      client: { name: 'trial' },
      isHeld: spec.isHeld ?? false,
      recordsAudio: sounds > 0,
      consentId: spec.consentId ?? null,
    });
    const steps = Math.max(interactions, screenshots, snapshots, sounds);
    for (let number = 1; number <= steps; number += 1) {
      if (number <= interactions) {
        await store.keepDrafts([draftOf(id, number)]);
        await store.number(id, [`draft-${number}`], (_draft, sequence) =>
          interactionOf(spec, sequence),
        );
      }
      if (number <= screenshots) await store.keepBlob(id, await pictureOf(spec, number));
      if (number <= snapshots) await store.keepBlob(id, await pageOf(spec, number));
      if (number <= sounds) await store.keepBlob(id, await soundOf(spec, number));
    }
    for (let number = 1; number <= (spec.undecided ?? 0); number += 1) {
      const picture = await pictureOf(spec, 1000 + number);
      if (picture.kind === 'screenshot') delete picture.record.interactionSequence;
      await store.keepBlob(id, picture);
    }
  },
  async stop(id: string): Promise<void> {
    await (await opening).changeSession(id, ({ endedAt }) => ({
      state: 'sending',
      endedAt: endedAt ?? new Date(Date.UTC(2026, 0, 2, 4)).toISOString(),
    }));
  },
};

Object.assign(globalThis, { trial });

function sending(): Sender {
  if (!sender) throw new Error('Expected the sender to be open.');
  return sender;
}

function draftOf(sessionId: string, number: number): HeldDraft {
  return {
    sessionId,
    draftId: `draft-${number}`,
    isOpen: false,
    draft: null,
    startedAt: number,
    heardAt: number,
    frame: [],
    tabId: 1,
    frameId: 0,
    documentId: null,
    after: null,
    beforeImageId: null,
    beforeFrameAgeMs: null,
    afterImageId: null,
  };
}

function interactionOf({ id, odd = {} }: Recorded, sequence: number) {
  const how = odd[sequence];
  return {
    id: idOf(id, 1, sequence),
    sequence,
    type: how === 'misfit' ? ('NEVER_HEARD_OF' as 'CLICK') : ('CLICK' as const),
    occurredAt: new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + sequence * 1000).toISOString(),
    sessionTimeMs: sequence * 1000,
    url: 'https://shop.example/shirts',
    pageTitle: how === 'unstorable' ? 'Shirts\0' : 'Shirts',
    frame: [],
    target: { tag: 'button', role: 'button', name: 'Add to cart' },
    selectors: [],
    confidence: 1,
    ...(how === 'huge' ? { context: { much: 'x'.repeat(70_000) } } : {}),
  };
}

async function pictureOf(spec: Recorded, number: number): Promise<KeptBlob> {
  const bytes = bytesOf(`RIFF\0\0\0\0WEBPpicture ${number}`, spec.pictureBytes ?? 1024);
  addNoise(bytes, number);
  return {
    kind: 'screenshot',
    bytes,
    record: {
      id: idOf(spec.id, 2, number),
      trigger: 'BEFORE_ACTION',
      interactionSequence: null,
      capturedAt: '2026-01-02T03:04:06.000Z',
      url: 'https://shop.example/shirts',
      width: 1280,
      height: 720,
      devicePixelRatio: 1,
      scrollX: 0,
      scrollY: 0,
      mimeType: 'image/webp',
      bytes: bytes.byteLength,
      sha256: await sha256(bytes),
      masks: [],
    },
  };
}

async function pageOf(spec: Recorded, number: number): Promise<KeptBlob> {
  const html = `<!doctype html><title>Page ${number}</title><button data-cs-ref="1">Buy</button>`;
  const bytes = bytesOf(html, 0);
  return {
    kind: 'snapshot',
    bytes,
    record: {
      id: idOf(spec.id, 3, number),
      capturedAt: '2026-01-02T03:04:06.000Z',
      url: 'https://shop.example/shirts',
      title: 'Shirts',
      bytes: bytes.byteLength,
      sha256: await sha256(bytes),
    },
  };
}

async function soundOf(spec: Recorded, number: number): Promise<KeptBlob> {
  const bytes = bytesOf(`\x1aE\xdf\xa3\x42\x82\x84webm sound ${number}`, 512);
  return {
    kind: 'audio',
    bytes,
    record: {
      id: idOf(spec.id, 4, number),
      startedAt: '2026-01-02T03:04:06.000Z',
      durationMs: 1000,
      mimeType: 'audio/webm',
      bytes: bytes.byteLength,
      sha256: await sha256(bytes),
    },
  };
}

/** Always the same for the same thing of the same session. */
function idOf(sessionId: string, kind: number, number: number): string {
  const head = `${kind}${number.toString(16).padStart(11, '0')}`;
  return `${head.slice(0, 8)}-${head.slice(8)}${sessionId.slice(13)}`;
}

function bytesOf(head: string, filler: number): ArrayBuffer {
  const bytes = new Uint8Array(head.length + filler).fill(112);
  for (let at = 0; at < head.length; at += 1) bytes[at] = head.charCodeAt(at);
  return bytes.buffer;
}

/** Always the same, and as hard to compress as a picture: the browser counts what reaches the disk. */
function addNoise(bytes: ArrayBuffer, seed: number): void {
  const words = new Uint32Array(bytes, 64, Math.floor((bytes.byteLength - 64) / 4));
  let state = seed + 1;
  for (let at = 0; at < words.length; at += 1) {
    // https://www.jstatsoft.org/article/view/v008i14
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
}

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
