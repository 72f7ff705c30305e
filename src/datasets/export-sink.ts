import { createHash, type Hash } from 'node:crypto';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';

/** Bytes of every part of a file but its last. */
export const partBytes = 4 * 1024 * 1024;

/** Key of the sealed object of a part. */
export function partKey(folder: string, fileId: string, part: number): string {
  return `${folder}${fileId}/${part}`;
}

/** Seals a part of a file. */
export function sealFilePart(
  key: DataKey,
  fileId: string,
  part: number,
  bytes: Uint8Array,
): Buffer {
  return seal(key, bytes, `export-file/${fileId}/${part}`);
}

/** Reads parts of a file from one on. */
export async function* readParts(
  { storage }: Pick<App, 'storage'>,
  key: DataKey,
  {
    folder,
    fileId,
    parts,
    from = 0,
  }: { folder: string; fileId: string; parts: number; from?: number },
): AsyncGenerator<Buffer> {
  for (let part = from; part < parts; part++)
    yield unseal(
      key,
      await storage.get(partKey(folder, fileId, part)),
      `export-file/${fileId}/${part}`,
    );
}

/** A file that is being written: bytes gather to parts of equal size, which are sealed and stored. */
export class ExportSink {
  readonly fileId: string;
  readonly #app: Pick<App, 'storage'>;
  readonly #key: DataKey;
  readonly #folder: string;
  readonly #hash: Hash = createHash('sha256');
  /** The part that gathers; the same memory for all of them. */
  readonly #gathered = Buffer.allocUnsafe(partBytes);
  #gatheredBytes = 0;
  /** Parts that are stored. */
  parts = 0;

  constructor(app: Pick<App, 'storage'>, key: DataKey, folder: string, fileId: string) {
    this.#app = app;
    this.#key = key;
    this.#folder = folder;
    this.fileId = fileId;
  }

  /** Bytes given so far. */
  get bytes(): number {
    return this.parts * partBytes + this.#gatheredBytes;
  }

  /** Goes on behind parts that were stored before; reads them once, for the hash. */
  async resume(parts: number): Promise<void> {
    const stored = readParts(this.#app, this.#key, {
      folder: this.#folder,
      fileId: this.fileId,
      parts,
    });
    for await (const bytes of stored) this.#hash.update(bytes);
    this.parts = parts;
  }

  /** Takes bytes; answers with whether a part was stored. */
  async write(bytes: Uint8Array): Promise<boolean> {
    let isStored = false;
    for (let from = 0; from < bytes.length; ) {
      const some = bytes.subarray(from, from + partBytes - this.#gatheredBytes);
      this.#gathered.set(some, this.#gatheredBytes);
      this.#gatheredBytes += some.length;
      from += some.length;
      if (this.#gatheredBytes < partBytes) continue;
      await this.#store();
      isStored = true;
    }
    return isStored;
  }

  /** Stores what remains; answers with what the file is. */
  async end(): Promise<{ bytes: number; parts: number; sha256: Buffer }> {
    const { bytes } = this;
    if (this.#gatheredBytes > 0) await this.#store();
    return { bytes, parts: this.parts, sha256: this.#hash.digest() };
  }

  async #store(): Promise<void> {
    const bytes = this.#gathered.subarray(0, this.#gatheredBytes);
    const part = this.parts;
    const sealed = sealFilePart(this.#key, this.fileId, part, bytes);
    await this.#app.storage.put(partKey(this.#folder, this.fileId, part), sealed);
    this.#hash.update(bytes);
    this.parts++;
    this.#gatheredBytes = 0;
  }
}
