/** What is known of a style; an added one is renamed or removed here, any one exported. */

import { byId, described, showText } from "../parts/dom.js";
import { save } from "../parts/files.js";
import { toast } from "../parts/status.js";
import { change, state, styleOf, withStyles } from "../recipe/state.js";
import { json, previewPath, request, stylePath } from "../service/api.js";
import { loadStyles } from "./list.js";

const dialog = byId("about");
const form = byId("about-form");
const FIELDS = ["title", "artist", "year", "id"];

let shown;

export function startAbout() {
  form.addEventListener("submit", rename);
  byId("remove").addEventListener("click", remove);
  byId("export").addEventListener("click", exportPack);
}

export function showStyle(id) {
  shown = styleOf(id);
  const added = shown.origin === "added";
  byId("about-title").textContent = shown.title;
  byId("about-picture").src = previewPath(shown);
  byId("about-picture").alt = `A cat in the style of ${shown.title}`;
  showText(byId("about-verdict"), added ? `Added here${shown.verdict ? `; its fit is ${shown.verdict}` : ""}.` : "");
  const facts = { Artist: shown.artist, Year: shown.year, Licence: shown.licence, Source: shown.source, Id: shown.id };
  byId("about-facts").replaceChildren(...described(facts));
  byId("about-fields").hidden = byId("remove").hidden = byId("save").hidden = !added;
  byId("remove").textContent = "Remove";
  for (const name of FIELDS) form.elements[name].value = shown[name];
  showText(byId("about-error"), "");
  dialog.showModal();
}

async function rename(event) {
  event.preventDefault();
  const values = FIELDS.map((name) => [name, form.elements[name].value.trim()]);
  const changes = values.filter(([name, value]) => value !== shown[name]);
  try {
    const edited = await json(stylePath(shown.id), {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(Object.fromEntries(changes)),
    });
    const styles = state.styles.map((style) => (style.id === shown.id ? edited : style));
    change({ styles, ...withStyles((id) => (id === shown.id ? edited.id : id)) });
    leave(edited.id);
    toast(`Saved: ${edited.title}.`);
  } catch (error) {
    showText(byId("about-error"), error.message);
  }
}

async function remove() {
  if (byId("remove").textContent === "Remove") {
    byId("remove").textContent = "Really remove it?";
    return;
  }
  try {
    await request(stylePath(shown.id), { method: "DELETE" });
    await loadStyles();
    leave(shown.id);
    toast(`${shown.title} is removed.`);
  } catch (error) {
    showText(byId("about-error"), error.message);
  }
}

async function exportPack() {
  try {
    save(await (await request(stylePath(shown.id, "/pack"))).blob(), `${shown.id}.safetensors`);
  } catch (error) {
    showText(byId("about-error"), error.message);
  }
}

/** The card that had the focus was made anew, or is gone: the focus goes to its successor, or to the gallery. */
function leave(id) {
  dialog.close();
  (byId("cards").querySelector(`[data-id="${id}"] .more`) ?? byId("styles")).focus({ preventScroll: true });
}
