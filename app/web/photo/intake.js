/** Where photos and files come from: choosers, the camera, dropping, pasting. */

import { byId } from "../parts/dom.js";

/**
 * onPhoto, onPacks, onPainting, onRecipe: called with what was given; a picture dropped while a dialog is open is a
 * painting. onCamera: called with the button by which the camera is to be switched on.
 */
export function startIntake({ onPhoto, onPacks, onPainting, onRecipe, onCamera }) {
  offerCamera(onCamera);
  for (const button of document.querySelectorAll("[data-choose]"))
    button.addEventListener("click", () => byId(button.dataset.choose).click());
  for (const id of ["photo-file", "photo-camera"]) chosen(byId(id), ([file]) => onPhoto(file));
  chosen(byId("pack-file"), onPacks);
  chosen(byId("recipe-file"), ([file]) => onRecipe(file));
  chosen(byId("painting"), ([file]) => onPainting(file));

  const take = (files) => {
    const packs = files.filter(({ name }) => name.endsWith(".safetensors"));
    if (packs.length) onPacks(packs);
    else if (files[0].name.endsWith(".json")) onRecipe(files[0]);
    else if (byId("add").open) onPainting(files[0]);
    else onPhoto(files[0]);
  };
  document.addEventListener("paste", (event) => {
    const { files, types } = event.clipboardData;
    const isText = types.includes("text/plain") && event.target.matches("input"); // office programs add a picture to it
    if (files.length && !isText) take([...files]);
  });
  const onFiles = (kind, act) => addEventListener(kind, (event) => {
    if (event.dataTransfer.types.includes("Files")) act(event);
  });
  let entered = 0;
  const mark = (step) => {
    entered = step ? entered + step : 0;
    document.body.classList.toggle("dropping", entered > 0);
  };
  onFiles("dragenter", () => mark(1));
  onFiles("dragleave", () => mark(-1));
  onFiles("dragover", (event) => event.preventDefault());
  onFiles("drop", (event) => {
    event.preventDefault();
    mark(0);
    const files = [...event.dataTransfer.files];
    if (files.length) take(files);
  });
}

/** Ours where browsers let pages have one, which is where they are secure; else phones have a program for it. */
function offerCamera(callback) {
  const ours = Boolean(navigator.mediaDevices?.getUserMedia);
  for (const button of document.querySelectorAll("[data-choose=photo-camera]")) button.hidden = ours;
  for (const button of document.querySelectorAll("[data-camera]")) {
    button.hidden = !ours;
    button.addEventListener("click", () => callback(button));
  }
}

function chosen(input, callback) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // the same file may be chosen again
    if (files.length) callback(files);
  });
}
