/** A camera: its frames, the photo it takes, and in words what is wrong with it. */

import { element } from "../parts/dom.js";
import { Problem } from "../service/api.js";

/** Of its pictures: large enough to be a photo, where the browser lets the camera take none. */
const LARGE = { width: { ideal: 1920 }, height: { ideal: 1080 } };
const OTHER_SIDE = { user: "environment", environment: "user" };

const DENIED = "this page may not use the camera; allow it in the browser's settings of this site, and try again";
const NONE = "no camera was found; connect one, or choose a photo";
const IN_USE = "the camera does not start; close what else uses it, and try again";
const GONE = "the camera is gone; connect it, or allow it again, and start anew";
const FAULTS = {
  NotAllowedError: DENIED,
  SecurityError: DENIED,
  NotFoundError: NONE,
  OverconstrainedError: NONE,
  NotReadableError: IN_USE,
  AbortError: IN_USE,
};

/** Start a camera, until the signal is aborted. wanted: which, as constraints. Rejects with a Problem. */
export async function openCamera(wanted, signal) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { ...LARGE, ...wanted } });
  } catch (error) {
    throw inWords(FAULTS[error.name] ?? `the camera does not start (${error.message})`);
  }
  const [track] = stream.getTracks();
  if (signal.aborted) track.stop();
  signal.throwIfAborted();
  const video = element("video", { srcObject: stream, muted: true, playsInline: true });
  const camera = new Camera(track, video, signal);
  await video.play();
  return camera;
}

class Camera {
  #track;
  #video;
  #canvas = new OffscreenCanvas(1, 1);
  /** Whether there is a frame that nobody has had, who waits for one, and why there will be none. */
  #isNew = false;
  #waiting = null;
  #gone = null;

  constructor(track, video, signal) {
    this.#track = track;
    this.#video = video;
    track.addEventListener("ended", () => this.#leave(inWords(GONE)), { once: true });
    signal.addEventListener("abort", () => {
      track.stop();
      this.#leave(signal.reason);
    }, { once: true });
    this.#listen();
  }

  get size() {
    return { width: this.#video.videoWidth, height: this.#video.videoHeight };
  }

  /** Whether it looks at whoever sits before the screen, who expects a mirror; what does not say so stands there. */
  get mirrors() {
    return this.#track.getSettings().facingMode !== "environment";
  }

  /** Resolves when there is a frame that nobody has had. Rejects when there will be none. */
  fresh() {
    return new Promise((resolve, reject) => {
      if (this.#gone) reject(this.#gone);
      else if (this.#isNew) resolve();
      else this.#waiting = { resolve, reject };
    });
  }

  /** The newest frame as a JPEG. @returns {Promise<{blob: Blob, width: number, height: number}>} */
  async frame({ side = Infinity, mirrored = false, quality = 0.9 } = {}) {
    this.#isNew = false;
    const { width: wide, height: high } = this.size;
    const scale = Math.min(1, side / Math.max(wide, high));
    const [width, height] = [wide, high].map((length) => Math.max(1, Math.round(length * scale)));
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
    context.drawImage(this.#video, 0, 0, width, height);
    return { blob: await this.#canvas.convertToBlob({ type: "image/jpeg", quality }), width, height };
  }

  /** What it sees as a photo, as large as it takes them; where the browser has it take none, as large as its frames. */
  async photo() {
    const blob = await this.#shot().catch(async () => (await this.frame({ quality: 0.95 })).blob);
    return new File([blob], `photo.${blob.type.replace("image/", "")}`, { type: blob.type });
  }

  async #shot() {
    const capture = new ImageCapture(this.#track);
    const { imageWidth, imageHeight } = await capture.getPhotoCapabilities();
    return capture.takePhoto({ imageWidth: imageWidth.max, imageHeight: imageHeight.max });
  }

  /** The next camera as constraints, of those on two sides the one on the other; null: there is no other. */
  async other() {
    const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
    if (cameras.length < 2) return null;
    const { deviceId, facingMode } = this.#track.getSettings();
    const opposite = OTHER_SIDE[facingMode];
    const isOpposite = (device) => device.getCapabilities?.().facingMode?.includes(opposite);
    if (opposite && cameras.some(isOpposite)) return { facingMode: { exact: opposite } };
    const place = cameras.findIndex((device) => device.deviceId === deviceId);
    return { deviceId: { exact: cameras[(place + 1) % cameras.length].deviceId } };
  }

  #listen() {
    this.#video.requestVideoFrameCallback(() => {
      this.#isNew = true;
      this.#waiting?.resolve();
      this.#listen();
    });
  }

  #leave(reason) {
    this.#gone ??= reason;
    this.#waiting?.reject(this.#gone);
  }
}

const inWords = (detail) => new Problem({ code: "camera", detail });
