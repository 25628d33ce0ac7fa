/** Regions: parts of the picture with a blend of their own. */

import { byId } from "../parts/dom.js";
import { watch } from "../recipe/state.js";
import { startEditor } from "./editor.js";
import { startHistory } from "./history.js";
import { openKinds, startList } from "./list.js";

/** adding: whether one is to be added at once. */
export function startRegions({ adding }) {
  startHistory();
  startEditor();
  startList();
  openKinds(adding);
  watch(["regions", "active"], keepFocus);
}

/** What had the focus may have gone with its region, as when adding it is undone by key. */
function keepFocus() {
  const { activeElement } = document;
  if (!activeElement.closest(".regions") || activeElement.checkVisibility()) return;
  byId("open-kinds").focus({ preventScroll: true });
}
