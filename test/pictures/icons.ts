/** Makes the PNGs of `extension/public/icon/` from `icon.svg`: `node test/pictures/icons.ts`. */
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';

const extension = fileURLToPath(new URL('../../extension', import.meta.url));

for (const size of [16, 32, 48, 128]) {
  await sharp(`${extension}/face/icon.svg`, { density: (72 * size) / 32 })
    .resize(size)
    .png({ compressionLevel: 9 })
    .toFile(`${extension}/public/icon/${size}.png`);
}
