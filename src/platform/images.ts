import sharp from 'sharp';

// Two at once keep both cores of a small machine busy; sharp's own threads would only fight over them.
sharp.concurrency(1);

export type Box = { x: number; y: number; width: number; height: number };

/** What a picture is and shows. */
export type Measured = {
  width: number;
  height: number;
  /** Share of pixels on an edge, 0 to 1: blank, spinner and skeleton stay below 0.0003, content begins at 0.019. */
  contentScore: number;
  /** Difference hash: 32 bytes. Near duplicates differ in at most 10 bits. */
  perceptualHash: Buffer;
};

/** The bytes are no picture that can be decoded. */
export class DamagedImageError extends Error {
  override name = 'DamagedImageError';
}

const maxWebp = 16_383; // pixels a side: WebP holds no more
const maxPixels = 100_000_000; // a decompression bomb is refused before it is decoded
const edge = 40; // |dx| + |dy| of grey above which a pixel counts as an edge (shared STACK measurements)
const measuredWidth = 640;

/**
 * Paints boxes over with an even colour, without loss for the rest.
 *
 * @param boxes in pixels of the picture; parts outside it are cut off
 * @returns PNG
 * @throws {DamagedImageError}
 */
export async function paintOver(bytes: Uint8Array, boxes: Box[]): Promise<Buffer> {
  return decode(async () => {
    const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' });
    const { width, height } = await image.metadata();
    const patches = boxes.flatMap((box) => {
      const inside = clip(box, width, height);
      if (!inside) return [];
      const background = { r: 38, g: 38, b: 44 };
      const create = {
        width: inside.width,
        height: inside.height,
        channels: 3 as const,
        background,
      };
      return [{ input: { create }, left: inside.x, top: inside.y }];
    });
    return image.composite(patches).png({ compressionLevel: 1 }).toBuffer();
  });
}

/**
 * Makes WebP. Effort 2: more costs much time and saves little (41 ms for 1280×800).
 *
 * @param quality 1 to 100
 * @throws {DamagedImageError}
 */
export async function toWebp(bytes: Uint8Array, quality: number): Promise<Buffer> {
  return decode(() =>
    sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .resize({ width: maxWebp, height: maxWebp, fit: 'inside', withoutEnlargement: true })
      .resize({ width: maxWebp, height: maxWebp, fit: 'inside', withoutEnlargement: true })
      .webp({ quality, effort: 2 })
      .toBuffer(),
  );
}

/**
 * Makes JPEG, for those who take nothing else.
 *
 * @param width pixels; a wider picture is made smaller
 * @throws {DamagedImageError}
 */
export async function toJpeg(
  bytes: Uint8Array,
  { width, quality }: { width: number; quality: number },
): Promise<Buffer> {
  return decode(() =>
    sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .flatten({ background: '#fff' })
      .resize({ width, withoutEnlargement: true })
      .jpeg({ quality })
      .toBuffer(),
  );
}

/** Makes PNG of a picture. @throws {DamagedImageError} */
export async function toPng(bytes: Uint8Array): Promise<Buffer> {
  return decode(() =>
    sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' }).png().toBuffer(),
  );
}

/** @throws {DamagedImageError} */
export async function measure(bytes: Uint8Array): Promise<Measured> {
  return decode(async () => {
    const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' });
    const { width, height } = await image.metadata();
    const grey = await image
      .clone()
      .resize({ width: Math.min(width, measuredWidth), withoutEnlargement: true })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const small = await image.greyscale().resize(17, 16, { fit: 'fill' }).raw().toBuffer();
    return {
      width,
      height,
      contentScore: edgeShare(grey.data, grey.info.width, grey.info.height),
      perceptualHash: differenceHash(small),
    };
  });
}

async function decode<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new DamagedImageError(`The picture cannot be decoded: ${reason}.`, { cause: error });
  }
}

function clip({ x, y, width, height }: Box, maxX: number, maxY: number): Box | null {
  const left = Math.max(0, Math.floor(x));
  const top = Math.max(0, Math.floor(y));
  const right = Math.min(maxX, Math.ceil(x + width));
  const bottom = Math.min(maxY, Math.ceil(y + height));
  return right > left && bottom > top
    ? { x: left, y: top, width: right - left, height: bottom - top }
    : null;
}

function edgeShare(grey: Buffer, width: number, height: number): number {
  let edges = 0;
  for (let y = 0; y < height - 1; y += 1)
    for (let x = 0; x < width - 1; x += 1) {
      const here = grey[y * width + x] ?? 0;
      const dx = Math.abs((grey[y * width + x + 1] ?? 0) - here);
      const dy = Math.abs((grey[(y + 1) * width + x] ?? 0) - here);
      if (dx + dy > edge) edges += 1;
    }
  return edges / (width * height);
}

/** One bit a pixel: whether it is darker than its right neighbour, in a picture of 17×16. */
function differenceHash(small: Buffer): Buffer {
  const hash = Buffer.alloc(32);
  for (let y = 0; y < 16; y += 1)
    for (let x = 0; x < 16; x += 1) {
      const bit = y * 16 + x;
      if ((small[y * 17 + x] ?? 0) < (small[y * 17 + x + 1] ?? 0))
        hash[bit >> 3] = (hash[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  return hash;
}
