/** Makes the PNGs of `extension/public/icon/` from `icon.svg`: `node extension/face/draw-icons.ts`. */
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

for (const size of [16, 32, 48, 128]) {
  await sharp(file('icon.svg'), { density: (72 * size) / 32 })
    .resize(size)
    .png({ compressionLevel: 9 })
    .toFile(file(`../public/icon/${size}.png`));
}
