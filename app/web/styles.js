/** The styles of the service. */

import { json } from "./api.js";
import { byId, showText } from "./dom.js";
import { change, state } from "./state.js";

/** Ask the service for its styles; those that are gone leave the blend. */
export async function loadStyles() {
  try {
    const { styles } = await json("v1/styles");
    const known = new Set(styles.map(({ id }) => id));
    const chosen = state.chosen.filter((id) => known.has(id));
    change(chosen.length < state.chosen.length ? { styles, chosen } : { styles });
    showText(byId("gallery-error"), "");
  } catch (error) {
    showText(byId("gallery-error"), error.message);
  }
}
