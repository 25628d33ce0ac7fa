/** The panel with the programs. */

import { byId, unfold } from "../parts/dom.js";
import { copy, save, SUFFIXES } from "../parts/files.js";
import { toast } from "../parts/status.js";
import { fetched } from "../parts/waiting.js";
import { currentKey } from "../service/key.js";
import { clipFields, fields, maskNames, masks, RECIPE } from "./recipe.js";
import { state, watch } from "./state.js";

const panel = byId("code");
const tabs = [...document.querySelectorAll("[role=tab]")];
let language = "curl";
/** What writes the programs, of pictures and of clips; it comes when the panel is first opened. */
let writers = null;

export function startCode() {
  for (const tab of tabs) tab.addEventListener("click", () => choose(tab));
  tabs[0].parentElement.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const place = tabs.indexOf(event.target);
    if (!step || place < 0) return;
    const next = tabs[(place + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
  });
  byId("open-code").addEventListener("click", async () => {
    writers ??= await fetched(Promise.all([import("./snippets.js"), import("./films.js")]));
    if (!writers) return;
    unfold(panel, panel.hidden);
    show();
    if (!panel.hidden) panel.scrollIntoView({ block: "nearest" });
  });
  byId("copy-code").addEventListener("click", async () => {
    const copied = await copy(byId("snippet").textContent, byId("snippet"));
    toast(copied ? "Copied." : "Selected: copy it with Ctrl+C.");
  });
  byId("save-masks").addEventListener("click", async () => {
    for (const [, file] of await masks()) save(file, file.name);
  });
  byId("format").addEventListener("change", show);
  watch(["photo", "clip", ...RECIPE], (moving) => {
    const nothing = !(state.clip ? clipFields() : fields()).length;
    byId("open-code").disabled = nothing;
    if (nothing) unfold(panel, false);
    if (!moving) show();
  });
  choose(tabs[0]);
}

function choose(chosen) {
  language = chosen.dataset.language;
  for (const tab of tabs) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
  }
  byId("snippet").setAttribute("aria-labelledby", chosen.id);
  show();
}

function show() {
  if (panel.hidden || !state.photo) return;
  const { clip } = state;
  const [ofPictures, ofClips] = writers;
  const names = clip ? [] : maskNames();
  byId("save-masks").hidden = !names.length;
  byId("code-heading").textContent = `The same ${clip ? "clip" : "picture"} from your own program`;
  byId("snippet").textContent = clip ? ofClips[language](theClip()) : ofPictures[language](thePicture(names));
}

function thePicture(masks) {
  const format = byId("format").value;
  return {
    url: new URL("v1/stylize", document.baseURI).href,
    fileName: state.photo.name,
    fields: [...fields(), ["format", format]],
    masks,
    output: `painted.${SUFFIXES[format]}`,
    keyed: currentKey() !== null,
  };
}

function theClip() {
  const { name, format } = state.clip;
  return {
    base: new URL(".", document.baseURI).href,
    fileName: name,
    fields: clipFields(),
    output: `painted.${format}`,
    keyed: currentKey() !== null,
  };
}
