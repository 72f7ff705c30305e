import type { App } from '../platform/app.ts';
import { toJpeg } from '../platform/images.ts';
import type { DataKey } from '../platform/keys.ts';
import { readPicture } from './export-source.ts';
import type { Picture } from './session-steps.ts';

/** Width in pixels; a picture at low detail is looked at in 512. */
const pictureWidth = 1280;

/** A picture as chat models get it: a `data:` URL of a JPEG, which every host takes. */
export async function pictureUrl(bytes: Uint8Array): Promise<string> {
  const jpeg = await toJpeg(bytes, { width: pictureWidth, quality: 85 });
  return `data:image/jpeg;base64,${jpeg.toString('base64')}`;
}

/** The same of an example's picture from before its action; `null` where there is none. */
export async function pictureOf(
  app: Pick<App, 'db' | 'sql' | 'keys' | 'storage'>,
  { key, sessionId, picture }: { key: DataKey; sessionId: string; picture: Picture | null },
): Promise<string | null> {
  const bytes = picture && (await readPicture(app, key, sessionId, picture));
  return bytes && pictureUrl(bytes);
}
