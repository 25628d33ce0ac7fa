/** The styles of the service, and their ids. */

import { byId, showText } from "../parts/dom.js";
import { change, GIVEN, withStyles } from "../recipe/state.js";
import { json } from "../service/api.js";

/** Ask the service for its styles; those that are gone leave the blends. */
export async function loadStyles() {
  try {
    const { styles } = await json("v1/styles");
    const known = new Set(styles.map(({ id }) => id));
    change({ styles, ...withStyles((id) => (known.has(id) ? id : undefined)) });
    showText(byId("gallery-error"), "");
  } catch (error) {
    showText(byId("gallery-error"), error.message);
  }
}

/**
 * The style id nearest to a text, as the service makes it: "Sérusier (1888)" -> "serusier-1888"; but "a-painting" where
 * that would be the id of paintings given along.
 */
export function slug(text) {
  const words = text.normalize("NFKD").replace(/[^\x00-\x7f]/g, "").toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const id = words.join("-").slice(0, 64).replace(/-$/, "");
  return id === GIVEN ? `a-${id}` : id;
}
