import { createHash } from 'node:crypto';
import { ScreenshotRecord } from '../contract/image.ts';
import { measure, paintOver, toWebp } from '../platform/images.ts';
import type { Photo } from './camera.ts';
import type { Picture } from './film.ts';
import type { Sink } from './sink.ts';

const quality = 80; // of WebP: text stays readable

/** Develops a picture and sends it with what is known of it. */
export async function sendPicture(sink: Sink, picture: Picture): Promise<void> {
  const { bytes, width, height } = await develop(picture);
  const { id, trigger, interactionSequence, burst, at, state, masks } = picture;
  const record = ScreenshotRecord.parse({
    id,
    trigger,
    interactionSequence,
    burstId: burst?.id,
    burstIndex: burst?.index,
    burstTotal: burst?.total,
    capturedAt: new Date(at).toISOString(),
    frameAgeMs: picture.frameAgeMs,
    url: state.url,
    width,
    height,
    devicePixelRatio: state.devicePixelRatio,
    scrollX: state.scrollX ?? 0,
    scrollY: state.scrollY ?? 0,
    mimeType: 'image/webp',
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    masks,
  });
  await sink.screenshot(record, bytes);
}

/** Paints the masks over and compresses: what was under a mask is in no byte of the answer. */
async function develop({
  png,
  masks,
  state,
}: Photo): Promise<{ bytes: Buffer; width: number; height: number }> {
  const scale = state.devicePixelRatio ?? 1;
  const boxes = masks.map(({ x, y, width, height }) => ({
    x: x * scale,
    y: y * scale,
    width: width * scale,
    height: height * scale,
  }));
  const bytes = await toWebp(await paintOver(png, boxes), quality);
  const { width, height } = await measure(bytes);
  return { bytes, width, height };
}
