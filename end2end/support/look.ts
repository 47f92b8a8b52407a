// The pictures in `end2end/look`: small (few colours, one byte a pixel), and compared so loosely that another machine's
// fonts are no difference, but a lost column, a wrong theme or text over text is.
//
// `make screenshots` takes them anew; look at what changed before you commit it.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32, deflateSync, inflateSync } from "./zip";

const folder = path.resolve(import.meta.dirname, "../look");
const takesAnew = process.env.STEWARD_LOOK === "update";
/** Colours are told apart from here on, of 255 in the channel that differs most. */
const tolerance = 48;
/** Pictures are compared in squares of so many pixels: what moves by less is the same. */
const square = 8;
const maxColours = 256;

/** RGB, three bytes a pixel. */
type Picture = { width: number; height: number; rgb: Buffer };

/** The share of squares in which a picture differs from the kept one; 0 when it was taken anew. */
export function differs(name: string, png: Buffer): number {
  const file = path.join(folder, `${name}.png`);
  const now = decode(png);
  if (takesAnew) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, encode(now));
    return 0;
  }
  if (!existsSync(file)) throw new Error(`there is no picture ${name} yet: make screenshots`);
  const before = decode(readFileSync(file));
  if (before.width !== now.width || before.height !== now.height) return 1;
  return compare(before, now);
}

function compare(a: Picture, b: Picture): number {
  let different = 0;
  let squares = 0;
  for (let top = 0; top + square <= a.height; top += square) {
    for (let left = 0; left + square <= a.width; left += square) {
      squares += 1;
      const [one, other] = [mean(a, left, top), mean(b, left, top)];
      if (one.some((value, channel) => Math.abs(value - (other[channel] ?? 0)) > tolerance)) different += 1;
    }
  }
  return different / squares;
}

/** The average colour of a square. */
function mean({ width, rgb }: Picture, left: number, top: number): number[] {
  const sum = [0, 0, 0];
  for (let y = top; y < top + square; y++) {
    for (let x = left; x < left + square; x++) {
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) sum[channel] = (sum[channel] ?? 0) + (rgb[at + channel] ?? 0);
    }
  }
  return sum.map((value) => value / (square * square));
}

/** A PNG with a palette: of all colours, rounded to five bits a channel, those that are used most. */
function encode({ width, height, rgb }: Picture): Buffer {
  const round = (at: number) =>
    (((rgb[at] ?? 0) >> 3) << 10) | (((rgb[at + 1] ?? 0) >> 3) << 5) | ((rgb[at + 2] ?? 0) >> 3);
  const used = new Map<number, { count: number; sum: [number, number, number] }>();
  for (let at = 0; at < rgb.length; at += 3) {
    const colour = round(at);
    const entry = used.get(colour) ?? { count: 0, sum: [0, 0, 0] };
    entry.count += 1;
    for (const channel of [0, 1, 2] as const) entry.sum[channel] += rgb[at + channel] ?? 0;
    used.set(colour, entry);
  }
  const kept = [...used].sort((a, b) => b[1].count - a[1].count).slice(0, maxColours);
  const palette = kept.map(([, { count, sum }]) => sum.map((value) => Math.round(value / count)));
  const place = new Map<number, number>(kept.map(([colour], index) => [colour, index]));
  const nearest = (colour: number) => {
    const known = place.get(colour);
    if (known !== undefined) return known;
    const wanted = [(colour >> 10) << 3, ((colour >> 5) & 31) << 3, (colour & 31) << 3];
    let best = 0;
    let least = Infinity;
    for (const [index, entry] of palette.entries()) {
      const far = entry.reduce((sum, value, channel) => sum + (value - (wanted[channel] ?? 0)) ** 2, 0);
      if (far < least) [best, least] = [index, far];
    }
    place.set(colour, best);
    return best;
  };
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * (width + 1) + 1 + x] = nearest(round((y * width + x) * 3));
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const chunks = [
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(palette.flat())),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...chunks]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  frame.set(body, 4);
  frame.writeUInt32BE(crc32(body), 4 + body.length);
  return frame;
}

/** Reads what browsers and `encode` write: 8 bits, not interlaced, with RGB, RGBA or a palette (PNG specification). */
function decode(png: Buffer): Picture {
  let at = 8;
  let [width, height, kind] = [0, 0, 0];
  let palette = Buffer.alloc(0);
  const data: Buffer[] = [];
  while (at < png.length) {
    const length = png.readUInt32BE(at);
    const name = png.toString("latin1", at + 4, at + 8);
    const body = png.subarray(at + 8, at + 8 + length);
    if (name === "IHDR") [width, height, kind] = [body.readUInt32BE(0), body.readUInt32BE(4), body[9] ?? 0];
    if (name === "PLTE") palette = Buffer.from(body);
    if (name === "IDAT") data.push(body);
    at += 12 + length;
  }
  const channels = { 2: 3, 3: 1, 6: 4 }[kind];
  if (channels === undefined) throw new Error(`a picture of kind ${kind}`);
  const raw = unfilter(inflateSync(Buffer.concat(data)), width * channels, height, channels);
  const rgb = Buffer.alloc(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = kind === 3 ? palette : raw;
    const start = kind === 3 ? (raw[pixel] ?? 0) * 3 : pixel * channels;
    from.copy(rgb, pixel * 3, start, start + 3);
  }
  return { width, height, rgb };
}

function unfilter(rows: Buffer, stride: number, height: number, channels: number): Buffer {
  const out = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)] ?? 0;
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? (out[y * stride + x - channels] ?? 0) : 0;
      const up = y > 0 ? (out[(y - 1) * stride + x] ?? 0) : 0;
      const corner = x >= channels && y > 0 ? (out[(y - 1) * stride + x - channels] ?? 0) : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      out[y * stride + x] = ((rows[y * (stride + 1) + 1 + x] ?? 0) + guess) & 255;
    }
  }
  return out;
}

/** The predictor of the PNG specification, section 9.4. */
function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
