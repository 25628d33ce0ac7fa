/** The recipe in a picture's file, where the service writes it and `impasto recipe` reads it. */

const ASCII = new TextEncoder();

const WRITE = { "image/png": inPng, "image/jpeg": inJpeg, "image/webp": inWebp };

/** A picture's file with a text. size: its width and height. */
export async function described(file, text, size) {
  const data = new Uint8Array(await file.arrayBuffer());
  return new Blob(WRITE[file.type](data, ASCII.encode(text), size), { type: file.type });
}

/** A chunk of text, behind the header, which is always as long. */
function inPng(file, text) {
  const body = joined(ASCII.encode("tEXtimpasto\0"), text);
  return [file.subarray(0, 33), number(text.length + 8), body, number(crc(body)), file.subarray(33)];
}

/** A segment of EXIF, first of all. */
function inJpeg(file, text) {
  const exif = joined(ASCII.encode("Exif\0\0"), tiff(text));
  return [file.subarray(0, 2), new Uint8Array([0xff, 0xe1]), number(exif.length + 2, 2), exif, file.subarray(2)];
}

/** A chunk of EXIF at the end; the first chunk is to say so, and is written where the browser left it out. */
function inWebp(file, text, size) {
  const exif = tiff(text);
  const chunk = [ASCII.encode("EXIF"), number(exif.length, 4, true), exif, new Uint8Array(exif.length % 2)];
  let chunks = file.slice(12);
  if (ASCII.encode("VP8X").some((letter, place) => chunks[place] !== letter)) chunks = joined(extended(size), chunks);
  chunks[8] |= 8;
  const content = joined(ASCII.encode("WEBP"), chunks, ...chunk);
  return [ASCII.encode("RIFF"), number(content.length, 4, true), content];
}

/** The first chunk of a WebP that has more than a picture. */
function extended({ width, height }) {
  const sides = [number(width - 1, 3, true), number(height - 1, 3, true)];
  return joined(ASCII.encode("VP8X"), number(10, 4, true), number(0), ...sides);
}

/** EXIF with one entry, ImageDescription, a text that ends with a zero. */
function tiff(text) {
  const entry = [number(0x010e, 2), number(2, 2), number(text.length + 1), number(26)];
  return joined(ASCII.encode("MM\0*"), number(8), number(1, 2), ...entry, number(0), text, [0]);
}

function number(value, length = 4, little = false) {
  const made = Uint8Array.from({ length }, (_, place) => value >>> (8 * place));
  return little ? made : made.reverse();
}

function joined(...parts) {
  const made = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

/** The check sum of PNG's chunks. */
function crc(data) {
  let rest = ~0;
  for (const byte of data) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return ~rest >>> 0;
}
