import { fromBase64, toBase64 } from './base64.ts';
import type { Film, Picture, Shot } from './film.ts';
import type { Memory } from './memory.ts';

type RememberedPicture = Omit<Picture, 'thumb' | 'bytes'> & { thumb: string; bytes: string | null };
type RememberedShot = Omit<Shot, 'picture'> & { pictureId: string };

const pictureKey = 'film:picture';
const shotKey = 'film:shot';

/** Keeps the last shot where the next worker finds it, so that its "before" is not lost. */
export async function rememberShot(
  memory: Memory,
  shot: Shot,
  isNewPicture: boolean,
): Promise<void> {
  const { picture, ...rest } = shot;
  if (isNewPicture || picture.trigger !== memory.get<RememberedPicture>(pictureKey)?.trigger) {
    const bytes = picture.bytes && toBase64(new Uint8Array(picture.bytes));
    const remembered: RememberedPicture = { ...picture, thumb: toBase64(picture.thumb), bytes };
    await memory.set(pictureKey, remembered);
  }
  const remembered: RememberedShot = { ...rest, pictureId: picture.id };
  await memory.set(shotKey, remembered);
}

export function restoreShot(memory: Memory, film: Film): void {
  const shot = memory.get<RememberedShot>(shotKey);
  const picture = memory.get<RememberedPicture>(pictureKey);
  if (!shot || !picture || shot.pictureId !== picture.id) return;
  const { pictureId: _, ...rest } = shot;
  const bytes = picture.bytes === null ? null : fromBase64(picture.bytes).buffer;
  film.add({ ...rest, picture: { ...picture, thumb: fromBase64(picture.thumb), bytes } });
}

export async function forgetShot(memory: Memory): Promise<void> {
  await memory.remove([pictureKey, shotKey]);
}
