/** Which files are clips: films, and pictures that move. */

/** Films of which browsers do not know that they are. */
const FILM = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|m2ts|flv|wmv|asf|ogv|mxf)$/i;
const MAY_MOVE = /^image\/(gif|webp|a?png|avif)/;
/** Bytes in which a GIF has come to its second frame. */
const ENOUGH = 16_000_000;
/** What goes before each frame of a GIF that moves: for how long it is shown. */
const FRAME_OF_GIF = /\x21\xf9\x04[^]{4}\x00[\x2c\x21]/;

export const isFilm = ({ type, name }) => type.startsWith("video/") || FILM.test(name);

export const isClip = async (file) => isFilm(file) || (MAY_MOVE.test(file.type) && moves(file));

/** Have films be among what is chosen from, where the service paints them. */
export function offerClips(video) {
  if (!video) return;
  document.getElementById("photo-file").accept += ",video/*,.mkv,.avi,.mov";
  document.querySelector(".drop").textContent = "Drop your own photo or clip anywhere.";
}

/** By what stands in its bytes: a page cannot ask every browser. */
async function moves(file) {
  const text = new TextDecoder("latin1").decode(await file.slice(0, ENOUGH).arrayBuffer());
  if (text.startsWith("GIF8")) return text.split(FRAME_OF_GIF, 3).length > 2;
  if (text.startsWith("PNG", 1)) return text.slice(0, text.indexOf("IDAT")).includes("acTL");
  if (text.startsWith("WEBPVP8X", 8)) return (text.charCodeAt(20) & 2) !== 0;
  return text.startsWith("ftypavis", 4);
}
