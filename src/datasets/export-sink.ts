import { createHash, type Hash } from 'node:crypto';
import type { App } from '../platform/app.ts';
import { type DataKey, seal, sealOverheadBytes, unseal } from '../platform/keys.ts';

/** Bytes of every part of a file but its last. */
export const partBytes = 4 * 1024 * 1024;

/** Key of the sealed object of a part. */
export function partKey(folder: string, fileId: string, part: number): string {
  return `${folder}${fileId}/${part}`;
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
    yield unseal(key, await storage.get(partKey(folder, fileId, part)), contextOf(fileId, part));
}

/** What to do once a part is stored. */
export type WhenStored = () => Promise<void>;

/**
 * A file that is being written: bytes gather to parts of equal size, which are sealed and stored. A part is
 * stored while the next one gathers, in memory that is used again: two parts are held, however long the file is.
 */
export class ExportSink {
  readonly fileId: string;
  readonly #app: Pick<App, 'storage'>;
  readonly #key: DataKey;
  readonly #folder: string;
  readonly #hash: Hash = createHash('sha256');
  readonly #gathered = Buffer.allocUnsafe(partBytes);
  readonly #sealed = Buffer.allocUnsafe(partBytes + sealOverheadBytes);
  #gatheredBytes = 0;
  #parts = 0;
  /** The part that is on its way to the store. */
  #storing: Promise<void> = Promise.resolve();

  constructor(app: Pick<App, 'storage'>, key: DataKey, folder: string, fileId: string) {
    this.#app = app;
    this.#key = key;
    this.#folder = folder;
    this.fileId = fileId;
  }

  /** Bytes given so far. */
  get bytes(): number {
    return this.#parts * partBytes + this.#gatheredBytes;
  }

  /** Parts that are full; the last may not be stored yet. */
  get parts(): number {
    return this.#parts;
  }

  /** Goes on behind parts that were stored before; reads them once, for the hash. */
  async resume(parts: number): Promise<void> {
    const stored = readParts(this.#app, this.#key, {
      folder: this.#folder,
      fileId: this.fileId,
      parts,
    });
    for await (const bytes of stored) this.#hash.update(bytes);
    this.#parts = parts;
  }

  /**
   * Takes bytes, of which nothing is held on to.
   *
   * @param onFull called for each part that they fill, with how many of them are not in it; what it gives is
   *   done as soon as the part is stored
   */
  async write(bytes: Uint8Array, onFull?: (rest: number) => WhenStored): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      const some = bytes.subarray(from, from + partBytes - this.#gatheredBytes);
      this.#gathered.set(some, this.#gatheredBytes);
      this.#gatheredBytes += some.length;
      from += some.length;
      if (this.#gatheredBytes === partBytes) await this.#store(onFull, bytes.length - from);
    }
  }

  /** Stores what remains; answers with what the file is. */
  async end(): Promise<{ bytes: number; parts: number; sha256: Buffer }> {
    const { bytes } = this;
    if (this.#gatheredBytes > 0) await this.#store();
    await this.#storing;
    return { bytes, parts: this.#parts, sha256: this.#hash.digest() };
  }

  /** Waits until nothing is on its way, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#storing]);
  }

  /** Waits for the part before, and for nothing else. */
  async #store(onFull?: (rest: number) => WhenStored, rest = 0): Promise<void> {
    await this.#storing;
    const bytes = this.#gathered.subarray(0, this.#gatheredBytes);
    const part = this.#parts++;
    this.#gatheredBytes = 0;
    this.#hash.update(bytes);
    const sealed = seal(this.#key, bytes, contextOf(this.fileId, part), this.#sealed);
    const whenStored = onFull?.(rest);
    const storing = this.#app.storage.put(partKey(this.#folder, this.fileId, part), sealed);
    this.#storing = whenStored ? storing.then(whenStored) : storing;
    this.#storing.catch(() => undefined); // whoever waits for it next is told
  }
}

function contextOf(fileId: string, part: number): string {
  return `export-file/${fileId}/${part}`;
}
