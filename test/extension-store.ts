import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { KeptRecord, Store, StoredSession } from '../extension/outbox/types.ts';
import { extensionOrigin } from '../src/contract/extension.ts';
import type { InteractionRecord } from '../src/contract/interaction.ts';
import type { Installed } from './extension.ts';

/** There in the page, after `bundle`. */
declare const outbox: { openStore(): Promise<Store> };
declare function btoa(text: string): string;

/** What one session holds on this device. */
export type OnDevice = {
  session: StoredSession;
  interactions: InteractionRecord[];
  screenshots: Extract<KeptRecord, { kind: 'screenshot' }>['record'][];
  snapshots: Extract<KeptRecord, { kind: 'snapshot' }>['record'][];
  sounds: Extract<KeptRecord, { kind: 'audio' }>['record'][];
  bytesOf(id: string): Promise<Buffer>;
};

/** Reads a session from the extension's own store, as its review page does. */
export async function readDevice(installed: Installed, sessionId: string): Promise<OnDevice> {
  const origin = `${extensionOrigin}/`;
  const page =
    installed.context.pages().find((each) => each.url().startsWith(origin)) ??
    (await installed.openFace('options.html'));
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../extension/outbox/store.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'outbox',
  });
  // What CDP evaluates is no concern of the CSP.
  await page.evaluate(`${outputFiles[0]?.text}; globalThis.outbox = outbox;`);
  const { session, interactions, blobs } = await page.evaluate(async (id) => {
    const store = await outbox.openStore();
    return {
      session: await store.session(id),
      interactions: await store.interactions(id),
      blobs: await store.blobs(id),
    };
  }, sessionId);
  if (!session) throw new Error(`Expected session ${sessionId} on the device, found none.`);
  return {
    session,
    interactions: interactions as InteractionRecord[],
    screenshots: blobs.flatMap((each) => (each.kind === 'screenshot' ? [each.record] : [])),
    snapshots: blobs.flatMap((each) => (each.kind === 'snapshot' ? [each.record] : [])),
    sounds: blobs.flatMap((each) => (each.kind === 'audio' ? [each.record] : [])),
    async bytesOf(id) {
      const base64 = await page.evaluate(async (id) => {
        const bytes = await (await outbox.openStore()).bytes(id);
        return btoa(
          Array.from(new Uint8Array(bytes ?? new ArrayBuffer()), (byte) =>
            String.fromCharCode(byte),
          ).join(''),
        );
      }, id);
      return Buffer.from(base64, 'base64');
    },
  };
}
