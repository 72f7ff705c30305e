/** An entry of a tar archive (POSIX ustar): head, bytes, and what fills the block. */
export function tarEntry(path: string, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(512);
  if (Buffer.byteLength(path) > 100)
    throw new Error(`Expected a path of at most 100 bytes, got ${path}.`);
  head.write(path, 0, 100, 'utf8');
  head.write('0000644\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136); // no time: the same content gives the same archive
  head.write('        ', 148);
  head.write('0', 156);
  head.write('ustar\x0000', 257, 'latin1');
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  return Buffer.concat([head, bytes, padding]);
}

/** What ends an archive. */
export const tarEnd: Buffer = Buffer.alloc(1024);
