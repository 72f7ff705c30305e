import { expect, test } from 'vitest';
import { play } from '/work/main/src/client/play.ts';
import { aSource, openProduct } from '/work/main/test/product.ts';
test('x', async () => {
  const product = await openProduct();
  const connection = product.connect({ onState: (s, d) => console.log(performance.now()|0, s, d) });
  const source = aSource({ interactions: 1500, screenshots: 60, snapshots: 20 });
  let r: Promise<void> | null = null;
  const restart = async () => {
    const log = (x: string) => console.log(performance.now()|0, x);
    log('closing server'); await product.server.close(); log('server closed'); await product.app.close(); log('app closed');
    await product.restart(); log('restarted');
  };
  await play(source, connection, { onProgress: ({ interactions }) => { if (interactions.acknowledged > 200) r ??= restart(); } });
  await r;
}, 60_000);
