/** The first frame of a film, as a photo. */

import { element } from "../parts/dom.js";
import { stem } from "../parts/files.js";

/** Milliseconds in which a browser that can show a film does. */
const PATIENCE = 5000;

/** @returns {Promise<?File>} null where this browser cannot show it, which says nothing of the service */
export async function firstFrame(file) {
  const video = element("video", { muted: true, playsInline: true, src: URL.createObjectURL(file) });
  try {
    await new Promise((resolve, reject) => {
      video.addEventListener("loadeddata", resolve);
      video.requestVideoFrameCallback?.(resolve);
      video.addEventListener("error", reject);
      setTimeout(reject, PATIENCE);
      video.play().catch(() => {}); // phones load nothing before
    });
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
    return new File([blob], `${stem(file.name)}.jpg`, { type: blob.type });
  } catch {
    return null;
  } finally {
    video.pause();
    URL.revokeObjectURL(video.src);
  }
}
