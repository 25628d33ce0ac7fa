/** The files of a zip that stores them as they are. */

const END = 0x06054b50;
const END_LENGTH = 22;

/** @returns {Promise<Blob[]>} in the order of the archive's directory */
export async function unzip(archive, type) {
  const view = new DataView(await archive.arrayBuffer());
  const end = view.byteLength - END_LENGTH;
  if (end < 0 || view.getUint32(end, true) !== END) throw new Error("The service sent a broken archive.");
  const files = [];
  let entry = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const length = view.getUint32(entry + 20, true);
    const local = view.getUint32(entry + 42, true);
    const data = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    files.push(archive.slice(data, data + length, type));
    entry += 46 + [28, 30, 32].reduce((sum, offset) => sum + view.getUint16(entry + offset, true), 0);
  }
  return files;
}
