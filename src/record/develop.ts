import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { ScreenshotRecord } from '../contract/image.ts';
import type { Photo } from './camera.ts';
import type { Picture } from './film.ts';
import type { Sink } from './sink.ts';

/** As `STACK.md` measured: effort 4 halves the speed and saves little. */
const WEBP = { quality: 80, effort: 2 };
const PAINT = { r: 96, g: 101, b: 108 };

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
  const image = sharp(png);
  const { width, height } = await image.metadata();
  const scale = state.devicePixelRatio ?? 1;
  const covers = masks.flatMap((mask) => {
    const left = Math.max(0, Math.floor(mask.x * scale));
    const top = Math.max(0, Math.floor(mask.y * scale));
    const right = Math.min(width, Math.ceil((mask.x + mask.width) * scale));
    const bottom = Math.min(height, Math.ceil((mask.y + mask.height) * scale));
    if (right <= left || bottom <= top) return [];
    const size = { width: right - left, height: bottom - top };
    return [{ input: { create: { ...size, channels: 3 as const, background: PAINT } }, left, top }];
  });
  const bytes = await image.composite(covers).removeAlpha().webp(WEBP).toBuffer();
  return { bytes, width, height };
}
