import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import type { HeldDraft, KeptRecord, LocalState, Store } from '../extension/outbox/types.ts';
import type { InteractionRecord } from '../src/contract/interaction.ts';

const recording = fileURLToPath(new URL('../examples/shop/recording', import.meta.url));

/** There in the page, after `keepShopSession`. */
declare const outbox: { openStore(): Promise<Store> };
declare function atob(text: string): string;

export type Kept = { session: string; task: string; steps: number; pictures: number };

/** Puts the recorded purchase into the store of the extension that `page` belongs to. */
export async function keepShopSession(
  page: Page,
  { id, state }: { id: string; state: LocalState },
): Promise<Kept> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../extension/outbox/store.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'outbox',
  });
  // What CDP evaluates is no concern of the CSP.
  await page.evaluate(`${outputFiles[0]?.text}; globalThis.outbox = outbox;`);
  const head = JSON.parse(await readFile(join(recording, 'session.json'), 'utf8'));
  const steps = await linesOf<InteractionRecord>('interactions.jsonl');
  const screenshots = await linesOf<{ id: string; sha256: string }>('screenshots.jsonl');
  const snapshots = await linesOf<{ id: string; sha256: string }>('snapshots.jsonl');
  await page.evaluate(
    async ([session, records]) => {
      const store = await outbox.openStore();
      await store.startSession(session);
      const drafts = records.map(
        (record): HeldDraft => ({
          sessionId: session.id,
          draftId: record.id,
          isOpen: false,
          draft: null,
          startedAt: Date.parse(record.occurredAt),
          heardAt: Date.parse(record.occurredAt),
          frame: [],
          tabId: 1,
          frameId: 0,
          documentId: null,
          after: null,
          beforeImageId: null,
          beforeFrameAgeMs: null,
          afterImageId: null,
        }),
      );
      await store.keepDrafts(drafts);
      const ids = drafts.map(({ draftId }) => draftId);
      await store.number(session.id, ids, (draft, sequence) => {
        const record = records.find((one) => one.id === draft.draftId);
        return record ? { ...record, sequence } : { sequence, dropped: 'INVALID' };
      });
    },
    [
      {
        id,
        task: String(head.task),
        startUrl: String(head.startUrl),
        startedAt: String(head.startedAt),
        client: {},
        isHeld: true,
        recordsAudio: false,
        consentId: null,
      },
      steps,
    ] as const,
  );
  const files = await readdir(join(recording, 'blobs'));
  const blobs = [
    ...screenshots.map((record) => ({ kind: 'screenshot', record })),
    ...snapshots.map((record) => ({ kind: 'snapshot', record })),
  ] as KeptRecord[];
  for (const blob of blobs) {
    const file = files.find((name) => name.startsWith(blob.record.sha256)) ?? '';
    const bytes = await readFile(join(recording, 'blobs', file), 'base64');
    await page.evaluate(
      async ([sessionId, kept, text]) => {
        const store = await outbox.openStore();
        const { buffer } = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
        await store.keepBlob(sessionId, { ...kept, bytes: buffer });
      },
      [id, blob, bytes] as const,
    );
  }
  await page.evaluate(
    async ([sessionId, next, endedAt]) => {
      const store = await outbox.openStore();
      await store.changeSession(sessionId, () => ({ state: next, endedAt }));
    },
    [id, state, String(head.endedAt)] as const,
  );
  return { session: id, task: head.task, steps: steps.length, pictures: screenshots.length };
}

async function linesOf<T>(file: string): Promise<T[]> {
  const text = await readFile(join(recording, file), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
