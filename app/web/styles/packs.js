/** Style packs from files. */

import { byId, showText } from "../parts/dom.js";
import { stem } from "../parts/files.js";
import { toast } from "../parts/status.js";
import { json, stylePath } from "../service/api.js";
import { loadStyles, slug } from "./list.js";

/** Import packs, each under the id that its file's name is. */
export async function importPacks(files) {
  const faults = [];
  for (const file of files) {
    try {
      const added = await json(stylePath(slug(stem(file.name)) || "imported", "/pack"), {
        method: "PUT",
        headers: { "Content-Type": "application/octet-stream" },
        body: await file.arrayBuffer(),
      });
      toast(`${added.title} is in the gallery.`);
    } catch (error) {
      faults.push(`${file.name}: ${error.message}`);
    }
  }
  showText(byId("import-error"), faults.join(" "));
  await loadStyles();
}
