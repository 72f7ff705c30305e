/** A file of an archive: its size must be what its content turns out to be. */
export type TarFile = {
  path: string;
  bytes: number;
  /** Whether it may be run. */
  isExecutable?: boolean;
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
};

const block = 512;

/** A POSIX archive (ustar, IEEE Std 1003.1, pax), streamed; at most 8 GiB a file. */
export async function* tarOf(
  files: AsyncIterable<TarFile> | Iterable<TarFile>,
): AsyncGenerator<Buffer> {
  for await (const { path, bytes, isExecutable = false, content } of files) {
    yield headerOf(path, bytes, isExecutable ? 0o755 : 0o644);
    let written = 0;
    for await (const part of content) {
      written += part.length;
      yield Buffer.from(part);
    }
    if (written !== bytes)
      throw new Error(`Expected ${bytes} bytes of ${path} for the archive, got ${written}.`);
    const rest = written % block;
    if (rest > 0) yield Buffer.alloc(block - rest);
  }
  yield Buffer.alloc(2 * block);
}

function headerOf(path: string, bytes: number, mode: number): Buffer {
  if (Buffer.byteLength(path) > 100)
    throw new Error(`Expected a path of at most 100 bytes, got ${path}.`);
  if (bytes >= 8 ** 11)
    throw new Error(`Expected a file below 8 GiB, got ${bytes} bytes of ${path}.`);
  const header = Buffer.alloc(block);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(path, 0);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(bytes, 11), 124);
  header.write(octal(0, 11), 136); // no time: the same content gives the same archive
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
