import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Create, type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { drawPage, readPixels } from '../../test/recorded.ts';
import { DamagedImageError, measure, paintOver, toWebp } from './images.ts';

const paint = [38, 38, 44];
const size = { width: 320, height: 200 };
const plain = { r: 200, g: 210, b: 220 };
const blank = (more: Partial<Create> = {}) =>
  sharp({ create: { ...size, channels: 3, background: plain, ...more } })
    .png()
    .toBuffer();

test('a box is painted evenly and nothing beside it changes', async () => {
  const painted = await paintOver(await blank(), [{ x: 10, y: 20, width: 30, height: 40 }]);

  const { at } = await readPixels(painted);
  expect([at(10, 20), at(39, 59)]).toEqual([paint, paint]);
  expect([at(9, 20), at(40, 20), at(10, 19), at(10, 60)]).toEqual(
    Array.from({ length: 4 }, () => [200, 210, 220]),
  );
});

test('boxes are widened to whole pixels, so that no edge shines through', async () => {
  const painted = await paintOver(await blank(), [{ x: 10.9, y: 20.9, width: 1.2, height: 1.2 }]);

  const { at } = await readPixels(painted);
  expect([at(10, 20), at(12, 22)]).toEqual([paint, paint]);
});

test.each([
  ['over the left and upper edge', { x: -50, y: -50, width: 60, height: 60 }, [5, 5]],
  ['over the right and lower edge', { x: 300, y: 190, width: 500, height: 500 }, [319, 199]],
  ['over everything', { x: -1, y: -1, width: 5_000, height: 5_000 }, [160, 100]],
] as const)('of a box %s the part inside is painted', async (_where, box, [x, y]) => {
  const painted = await paintOver(await blank(), [box]);

  const { at, width, height } = await readPixels(painted);
  expect({ width, height }).toEqual(size);
  expect(at(x, y)).toEqual(paint);
});

test('a box outside the picture, or without an area, changes nothing', async () => {
  const before = await blank();

  const painted = await paintOver(before, [
    { x: 400, y: 10, width: 20, height: 20 },
    { x: -30, y: 10, width: 20, height: 20 },
    { x: 10, y: 10, width: 0, height: 0 },
  ]);

  const sum = async (bytes: Buffer) =>
    createHash('sha256')
      .update(await sharp(bytes).raw().toBuffer())
      .digest('hex');
  expect(await sum(painted)).toBe(await sum(before));
});

test.each([
  ['JPEG', (image: Sharp) => image.jpeg()],
  ['WebP', (image: Sharp) => image.webp()],
  ['grey PNG', (image: Sharp) => image.greyscale().png()],
  ['PNG with a palette', (image: Sharp) => image.png({ palette: true })],
  ['transparent PNG', (image: Sharp) => image.ensureAlpha(0.5).png()],
] as const)('a %s can be painted over', async (_kind, encode) => {
  const source = await encode(sharp(await drawPage(size))).toBuffer();

  const { at } = await readPixels(await paintOver(source, [{ x: 0, y: 0, width: 50, height: 50 }]));

  const [r = 0, g = 0, b = 0] = at(25, 25);
  expect(Math.max(Math.abs(r - 38), Math.abs(g - 38), Math.abs(b - 44))).toBeLessThanOrEqual(4);
});

test('what cannot be decoded is named, whatever is done with it', async () => {
  const page = await drawPage(size);
  const broken = [Buffer.from('no picture'), page.subarray(0, page.length / 2), Buffer.alloc(0)];

  for (const bytes of broken) {
    await expect(paintOver(bytes, [])).rejects.toThrow(DamagedImageError);
    await expect(toWebp(bytes, 80)).rejects.toThrow(/cannot be decoded/);
    await expect(measure(bytes)).rejects.toThrow(DamagedImageError);
  }
});

test('a decompression bomb is refused before it is decoded', async () => {
  const bomb = pngOf(20_000, 20_000);
  expect(bomb.length).toBeLessThan(100_000);

  const begun = process.memoryUsage().rss;
  await Promise.all(
    [measure(bomb), toWebp(bomb, 80), paintOver(bomb, [])].map((work) =>
      expect(work).rejects.toThrow(/exceeds pixel limit/),
    ),
  );
  expect(process.memoryUsage().rss - begun).toBeLessThan(150e6); // decoded it has 400 MB
});

test('an empty page shows next to nothing, a page with text does', async () => {
  const empty = await measure(await blank());
  const page = await measure(await drawPage({ width: 640, height: 400 }));

  expect(empty).toMatchObject({ ...size, contentScore: 0 });
  expect(page.contentScore).toBeGreaterThan(0.019);
});

test('near duplicates have near hashes, other pages have others', async () => {
  const folder = new URL('../../examples/shop/recording/blobs/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.webp')).slice(0, 4);
  expect(names).toHaveLength(4);

  for (const name of names) {
    const page = await readFile(new URL(name, folder));
    const [first, lossy, changed] = await Promise.all([
      measure(page),
      measure(await toWebp(page, 60)),
      measure(await sharp(page).flop().png().toBuffer()),
    ]);
    expect(first.perceptualHash).toHaveLength(32);
    expect(bitsBetween(first.perceptualHash, lossy.perceptualHash)).toBeLessThanOrEqual(10);
    expect(bitsBetween(first.perceptualHash, changed.perceptualHash)).toBeGreaterThan(40);
  }
});

test('a smooth page as WebP takes a twentieth of its PNG', async () => {
  const smooth = Buffer.alloc(1280 * 800 * 3);
  for (let at = 0; at < smooth.length; at += 1) {
    const [x, y] = [(at / 3) % 1280, at / 3 / 1280];
    smooth[at] = 128 + 100 * Math.sin(x / 200 + (at % 3)) * Math.cos(y / 160);
  }
  const png = await sharp(smooth, { raw: { width: 1280, height: 800, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();

  const webp = await toWebp(png, 80);

  expect(webp.length / png.length).toBeLessThan(0.05);
  expect((await sharp(webp).metadata()).format).toBe('webp');
});

function bitsBetween(a: Buffer, b: Buffer): number {
  let bits = 0;
  for (const [at, byte] of a.entries())
    for (let rest = byte ^ (b[at] ?? 0); rest > 0; rest &= rest - 1) bits += 1;
  return bits;
}

/** A PNG of one bit a pixel, all black: ISO/IEC 15948, chapter 5. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    check.writeUInt32BE(crc32(typed));
    return Buffer.concat([length, typed, check]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  const lines = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))));
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', lines),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
