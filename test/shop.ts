import { fileURLToPath } from 'node:url';
import type { InteractionRecord } from '../src/contract/interaction.ts';
import { readRecording } from '../src/record/recording.ts';
import type { Recorded } from './recorded.ts';

/** The session that was recorded in the example shop. */
export async function readShop(): Promise<Recorded> {
  const folder = fileURLToPath(new URL('../examples/shop/recording', import.meta.url));
  const { head, interactions, screenshots, snapshots, bytesOf } = await readRecording(folder);
  const { format: _, ...session } = head;
  const recorded: Recorded = {
    head: session,
    interactions: (await Array.fromAsync(interactions())).filter(
      (item): item is InteractionRecord => 'id' in item,
    ),
    screenshots: [],
    snapshots: [],
  };
  for await (const record of screenshots())
    recorded.screenshots.push({ record, bytes: await bytesOf(record) });
  for await (const record of snapshots())
    recorded.snapshots.push({ record, html: String(await bytesOf(record)) });
  return recorded;
}
