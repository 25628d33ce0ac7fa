/** Pictures on one sheet, in a row, each with its name, as the service lays them out. */

const MARGIN = 12;
const CAPTION = 26;

/** @returns {Promise<Blob>} a JPEG */
export async function sheet(captions, pictures) {
  const bitmaps = await Promise.all(pictures.map((picture) => createImageBitmap(picture)));
  const [{ width, height }] = bitmaps;
  const canvas = new OffscreenCanvas(bitmaps.length * (width + MARGIN) + MARGIN, height + CAPTION + 2 * MARGIN);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "black";
  context.font = "15px sans-serif";
  bitmaps.forEach((bitmap, place) => {
    const left = MARGIN + place * (width + MARGIN);
    context.drawImage(bitmap, left, MARGIN);
    context.fillText(captions[place], left, MARGIN + height + 18, width);
  });
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
}
