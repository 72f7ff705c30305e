import type { Mask } from '../../src/contract/image.ts';
import { fromBase64 } from './base64.ts';
import { greyOf, thumbHeight, thumbWidth } from './likeness.ts';

const quality = 0.8; // of WebP: text stays readable
const mask = 'rgb(38 38 44)';

/** A picture as the browser took it, with its masks painted in, not yet compressed. */
export type Negative = {
  width: number;
  height: number;
  thumb: Uint8Array;
  /** Compresses once: what was under a mask is in no byte of the answer. */
  print(): Promise<ArrayBuffer>;
};

/**
 * @param dataUrl JPEG, as `captureVisibleTab` answers; the CSP lets nobody fetch it
 * @param viewportWidth CSS pixels; the masks count in them
 */
export async function develop(
  dataUrl: string,
  masks: Mask[],
  viewportWidth: number,
): Promise<Negative> {
  const image = await createImageBitmap(
    new Blob([fromBase64(dataUrl.slice(dataUrl.indexOf(',') + 1))], { type: 'image/jpeg' }),
  );
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height);
  const pen = penOf(canvas);
  pen.drawImage(image, 0, 0);
  image.close();
  const scale = width / viewportWidth;
  pen.fillStyle = mask;
  for (const box of masks) {
    const [left, top] = [Math.floor(box.x * scale), Math.floor(box.y * scale)];
    const right = Math.ceil((box.x + box.width) * scale);
    const bottom = Math.ceil((box.y + box.height) * scale);
    pen.fillRect(left, top, right - left, bottom - top);
  }

  const small = penOf(new OffscreenCanvas(thumbWidth, thumbHeight), true);
  small.imageSmoothingQuality = 'high';
  small.drawImage(canvas, 0, 0, thumbWidth, thumbHeight);
  const { data } = small.getImageData(0, 0, thumbWidth, thumbHeight);
  return {
    width,
    height,
    thumb: greyOf(data),
    print: async () => (await canvas.convertToBlob({ type: 'image/webp', quality })).arrayBuffer(),
  };
}

function penOf(canvas: OffscreenCanvas, willReadFrequently = false) {
  const pen = canvas.getContext('2d', { alpha: false, willReadFrequently });
  if (!pen) throw new Error('Expected a 2d context of an OffscreenCanvas, got none.');
  return pen;
}
