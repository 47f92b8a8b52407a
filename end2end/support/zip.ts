// Compression as PNG wants it.

import { deflateSync as deflate, inflateSync } from "node:zlib";

export { inflateSync };

export function deflateSync(bytes: Buffer): Buffer {
  return deflate(bytes, { level: 9, memLevel: 9 });
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** The checksum of the PNG specification, annex D. Node has one of its own only from 22 on. */
export function crc32(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (table[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
