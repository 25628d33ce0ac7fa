/** All styles on the wall: searched, sorted, picked. */

import { button, byId, element } from "../parts/dom.js";
import { toast } from "../parts/status.js";
import { change, state, toggle, watch } from "../recipe/state.js";
import { previewPath } from "../service/api.js";
import { showStyle } from "./about.js";

const FULL = "Four styles are the most in one blend. Take one out first.";

const yearOf = ({ year }) => Number(year.match(/\d{3,4}/)?.[0] ?? Infinity);
const byText = (of) => (one, other) => of(one).localeCompare(of(other), undefined, { numeric: true });
/** "Vincent van Gogh" stands under G, as in a museum. */
const lastName = ({ artist, title }) => artist.replace(/\(.*\)/, "").trim().split(" ").at(-1) || title;
const ORDERS = {
  artist: byText(lastName),
  title: byText(({ title }) => title.replace(/^(the|a) /i, "")),
  year: (one, other) => yearOf(one) - yearOf(other),
  added: byText(({ created }) => created ?? ""),
};

export function startGallery() {
  byId("search").addEventListener("input", show);
  byId("sort").addEventListener("change", show);
  watch(["styles"], show);
  watch(["chosen"], mark);
}

function show() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const order = byId("sort").value;
  const found = state.styles.filter(({ title, artist, year, id }) => {
    const text = `${title} ${artist} ${year} ${id}`.toLowerCase();
    return words.every((word) => text.includes(word) || plain(text).includes(plain(word)));
  });
  found.sort(ORDERS[order]);
  if (order === "added") found.reverse();
  byId("cards").replaceChildren(...found.map(card));
  byId("count").textContent = found.length;
  byId("no-match").hidden = found.length > 0;
  mark();
}

/** Without accents: "serusier" finds Sérusier. */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "");

function card(style) {
  const pick = element(
    "button",
    { type: "button", className: "pick" },
    element("img", { src: previewPath(style), alt: "", loading: "lazy", width: 451, height: 300, decoding: "async" }),
    element("span", { className: "title", textContent: style.title }),
    element("span", { className: "artist", textContent: [style.artist, style.year].filter(Boolean).join(", ") }),
  );
  pick.addEventListener("click", () => toggle(style.id) || toast(FULL));
  const alone = button("alone", "Only", `Only ${style.title}`, () => {
    change({ chosen: [style.id] });
    pick.focus(); // "Only" is not there any more
  });
  const about = button("more", "⋯", `About ${style.title}`, () => showStyle(style.id));
  const made = element("li", { className: "card" }, pick, alone, about);
  made.dataset.id = style.id;
  if (style.origin === "added") made.append(element("span", { className: "badge", textContent: badge(style) }));
  return made;
}

const badge = ({ verdict }) => (verdict ? `added, ${verdict}` : "added");

function mark() {
  for (const each of byId("cards").children) {
    const place = state.chosen.indexOf(each.dataset.id);
    each.classList.toggle("picked", place >= 0);
    each.dataset.place = place + 1;
    each.querySelector(".pick").setAttribute("aria-pressed", String(place >= 0));
    each.querySelector(".alone").hidden = state.chosen.length === 0 || (place >= 0 && state.chosen.length === 1);
  }
}
