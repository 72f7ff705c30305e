/**
 * Makes `docs/extension.png`: the shop with the mark, and the popup as it is while recording, the one
 * laid over the other where the browser would show it. `node test/pictures/extension.ts`
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import sharp from 'sharp';
import { startShop } from '../../examples/shop/server.ts';
import { openFaces } from '../face.ts';
import { makeState } from '../fixtures/face-states.ts';

/** There in the page. */
declare const mark: { showMark(place: { x: number; y: number }, onMoved: () => void): void };

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const [width, height] = [1200, 675];

const shop = await startShop();
const faces = await openFaces();
const page = await faces.context.newPage();
await page.setViewportSize({ width, height });
await page.goto(`${shop.url}/products/stormline-rain-jacket`);
const { outputFiles } = await build({
  entryPoints: [file('../../extension/face/mark.ts')],
  bundle: true,
  write: false,
  format: 'iife',
  globalName: 'mark',
});
await page.evaluate(`${outputFiles[0]?.text}; globalThis.mark = mark;`);
await page.evaluate(() => mark.showMark({ x: 0.02, y: 0.96 }, () => {}));
const below = await page.screenshot();

const popup = await faces.open(
  'popup.html',
  makeState({
    session: {
      id: '1',
      task: 'Buy a midnight blue rain jacket in size M for under $120',
      isPaused: false,
      startedAt: new Date(Date.now() - 95_000).toISOString(),
      interactions: 23,
      screenshots: 31,
      recordsAudio: false,
    },
    queue: { interactions: 2, uploads: 1, bytes: 34_000, oldestAgeMs: 300, attempts: 0 },
  }),
);
const above = sharp(await popup.page.screenshot());
const { width: popupWidth = 0, height: popupHeight = 0 } = await above.metadata();
const rounded = Buffer.from(
  `<svg width="${popupWidth}" height="${popupHeight}"><rect width="100%" height="100%" rx="12"/></svg>`,
);
const [left, top] = [width - popupWidth - 24, 12];
const shade = Buffer.from(
  `<svg width="${width}" height="${height}"><filter id="f"><feGaussianBlur stdDeviation="14"/></filter>
   <rect x="${left - 2}" y="${top + 6}" width="${popupWidth + 4}" height="${popupHeight}" rx="14"
     fill="#001" opacity="0.5" filter="url(#f)"/></svg>`,
);
await sharp(below)
  .composite([
    { input: shade },
    {
      input: await above
        .composite([{ input: rounded, blend: 'dest-in' }])
        .png()
        .toBuffer(),
      left,
      top,
    },
  ])
  .png({ compressionLevel: 9, effort: 10 })
  .toFile(file('../../docs/extension.png'));

await faces.close();
await shop.close();
