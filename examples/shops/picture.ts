import sharp from 'sharp';
import type { Marked } from './snapshot.ts';

export const viewport = { width: 1_280, height: 800 };
/** Device pixels per CSS pixel of the pictures: small, since nobody reads them. */
export const pixelRatio = 0.375;

/** A sketch of what is in the viewport: controls as frames, words as strokes. WebP. */
export async function draw({ drawn }: Marked, scrollY: number): Promise<Buffer> {
  const width = viewport.width * pixelRatio;
  const height = viewport.height * pixelRatio;
  const pixels = Buffer.alloc(width * height, 250);
  const fill = (x: number, y: number, wide: number, high: number, grey: number) => {
    const top = Math.max(0, Math.round(y));
    const bottom = Math.min(height, Math.round(y + high));
    const from = Math.max(0, Math.round(x));
    const to = Math.min(width, Math.round(x + wide));
    for (let row = top; row < bottom; row += 1)
      if (to > from) pixels.fill(grey, row * width + from, row * width + to);
  };
  for (const { box, isControl } of drawn) {
    const [x, y] = [box.x * pixelRatio, (box.y - scrollY) * pixelRatio];
    const [wide, high] = [box.width * pixelRatio, box.height * pixelRatio];
    if (y > height || y + high < 0) continue;
    if (isControl) {
      fill(x, y, wide, high, 60);
      fill(x + 1, y + 1, wide - 2, high - 2, 225);
    }
    for (let stroke = 3; stroke < wide - 3; stroke += 3)
      fill(x + stroke, y + 3, 1, high - 6, stroke % 9 === 0 ? 200 : 50);
  }
  return sharp(pixels, { raw: { width, height, channels: 1 } })
    .webp({ quality: 60, effort: 0 })
    .toBuffer();
}
