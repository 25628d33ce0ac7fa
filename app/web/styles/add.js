/** A new style from a painting: the form. What comes after is in fit.js. */

import { byId, showText } from "../parts/dom.js";
import { stem } from "../parts/files.js";
import { toast } from "../parts/status.js";
import { state } from "../recipe/state.js";
import { checkSize, form as formData, json, Problem } from "../service/api.js";
import { newKey } from "../service/job.js";
import { follow, isLearning, showForm } from "./fit.js";
import { slug } from "./list.js";

const dialog = byId("add");
const form = byId("add-form");
const { title, id } = form.elements;
/** Which field an error without fields is about. */
const ABOUT = {
  undecodable_image: "image",
  unsupported_format: "image",
  too_many_pixels: "image",
  too_much_metadata: "image",
  too_many_bytes: "image",
  unusable_painting: "image",
  style_exists: "id",
  fit_running: "id",
  invalid_request: "id",
};

let painting = null;
let key;

title.addEventListener("input", () => { if (!id.dataset.own) id.value = slug(title.value); });
id.addEventListener("input", () => { id.dataset.own = id.value; });
form.addEventListener("input", () => { key = null; });
form.addEventListener("submit", submit);
byId("fit-another").addEventListener("click", () => {
  clear();
  form.elements.image.focus();
});
dialog.addEventListener("close", clearWhenLearned);

export const openAdd = () => dialog.showModal();

/** Show a painting in the form. */
export function givePainting(file) {
  if (isLearning()) return toast("A style is being learned. Give this painting when that has ended.");
  clearWhenLearned();
  try {
    checkSize(file, state.limits);
  } catch (error) {
    return showErrors({ image: error.message });
  }
  painting = file;
  key = null;
  const picture = byId("painting-picture");
  picture.src = URL.createObjectURL(file);
  picture.onload = picture.onerror = ({ type }) => {
    picture.hidden = type === "error"; // a format that only the service reads
    URL.revokeObjectURL(picture.src);
  };
  byId("painting-text").textContent = file.name;
  if (!title.value) {
    title.value = stem(file.name).replace(/[-_]+/g, " ").trim();
    title.dispatchEvent(new Event("input", { bubbles: true }));
  }
  showErrors({});
}

/** What has ended was seen: the next style begins with an empty form. */
function clearWhenLearned() {
  if (!byId("fit").hidden && !isLearning()) clear();
}

function clear() {
  form.reset();
  delete id.dataset.own;
  painting = key = null;
  byId("painting-picture").hidden = true;
  byId("painting-text").textContent = "Drop a painting here, or choose one";
  showForm();
}

async function submit(event) {
  event.preventDefault();
  const missing = {};
  if (!painting) missing.image = "Give it a painting to learn from.";
  if (!title.value.trim()) missing.title = "Give it a title.";
  else if (!id.value.trim()) missing.id = "Give it an id: lower-case letters and digits, joined by hyphens.";
  showErrors(missing);
  if (Object.keys(missing).length) return;
  byId("learn").disabled = true;
  try {
    follow(await job(), title.value.trim());
    byId("fit-cancel").focus();
  } catch (error) {
    const field = error instanceof Problem && ABOUT[error.code];
    showErrors(field ? { [field]: error.message } : { ...error.fields }, error.message);
  } finally {
    byId("learn").disabled = false;
  }
}

function job() {
  key ??= newKey();
  const known = ["id", "title", "artist", "year", "fit"].map((name) => [name, form.elements[name].value.trim()]);
  const body = formData(known, { image: [painting, painting.name] });
  return json("v1/styles", { patient: false, method: "POST", headers: { "Idempotency-Key": key }, body });
}

/** Each beside its field; what is about none of them, below. */
function showErrors(errors, otherwise = "") {
  for (const place of form.querySelectorAll("[data-error]")) {
    showText(place, errors[place.dataset.error] ?? "");
    form.elements[place.dataset.error].setAttribute("aria-invalid", String(!place.hidden));
  }
  const placed = Object.keys(errors).some((name) => form.querySelector(`[data-error="${name}"]`));
  showText(byId("add-error"), placed ? "" : otherwise);
  form.querySelector(".error:not([hidden])")?.scrollIntoView({ block: "nearest" });
}
