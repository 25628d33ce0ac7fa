/** The recipe as a file, which holds painted masks as well, and is for the command and for other programs too. */

import { byId, showText } from "../parts/dom.js";
import { save, stem } from "../parts/files.js";
import { png, readMask } from "./masks.js";
import { resultSize } from "./options.js";
import { asJson, weightsById } from "./recipe.js";
import { isGiven, NEEDS_GIVEN, reader } from "./reading.js";
import { MOST_REGIONS, USUAL, change, networkId, networkOf, numbered, state } from "./state.js";

const VERSION = 3;

export async function saveRecipe() {
  const text = JSON.stringify(await recipe(), null, 1);
  save(new Blob([text], { type: "application/json" }), `${stem(state.photo.name)}-recipe.json`);
}

/** What is chosen now, as the service writes it into a picture's file. */
export async function recipe() {
  const { rest, regions, byItself, network } = state;
  const { width, height } = resultSize();
  return {
    impasto: VERSION,
    weights: weightsById(rest),
    network_id: networkId(),
    ...(network === "small" && { network }),
    size: Math.max(width, height),
    strength: rest.strength,
    preserve_color: rest.preserveColor,
    stroke: rest.stroke,
    statistics: byItself ? "region" : "picture",
    regions: await Promise.all(regions.map(async (region) =>
      asJson(region, region.area.mask && (await asData(await png(region.area.mask)))))),
  };
}

/** Paint as a recipe's file says. */
export async function openRecipe(file) {
  showText(byId("recipe-error"), "");
  try {
    await take(parsed(await file.text()));
  } catch (error) {
    showText(byId("recipe-error"), `${file.name}: ${error.message}.`);
  }
}

function parsed(text) {
  let recipe;
  try {
    recipe = JSON.parse(text);
  } catch {
    throw new Error("this is no recipe, it is not JSON");
  }
  if (!Number.isInteger(recipe?.impasto)) throw new Error("this is no recipe of Impasto");
  if (recipe.impasto > VERSION) throw new Error("this recipe is of a newer Impasto");
  if (recipe.photorealistic) throw new Error("this recipe is photorealistic, which is for the command and for programs");
  const former = recipe.impasto > 1 ? {} : { stroke: "native" }; // the first painted in one pass
  return { weights: {}, ...recipe, ...former };
}

async function take(recipe) {
  const { look, region, tell } = reader("recipe");
  const rest = look(Object.keys(recipe.weights), Object.values(recipe.weights), recipe, USUAL);
  const given = recipe.regions ?? [];
  if (!Array.isArray(given)) throw new Error("its regions are no list");
  if (given.length > MOST_REGIONS) throw new Error(`it has ${given.length} regions, and ${MOST_REGIONS} are the most`);
  if (needsGiven(recipe, given)) throw new Error(`this recipe ${NEEDS_GIVEN}`);
  const regions = [];
  for (const [place, each] of given.entries()) {
    try {
      regions.push(numbered(region(each, rest, each?.mask && (await maskOf(each.mask)))));
    } catch (error) {
      throw new Error(`region ${place + 1}: ${error.message}`);
    }
  }
  const { width, height } = state.photo;
  const size = recipe.size === Math.max(width, height) || !Number.isInteger(recipe.size) ? null : recipe.size;
  const network = networkOf(recipe.network);
  change({ rest, regions, active: null, byItself: recipe.statistics === "region", network, size });
  const ours = [undefined, null, networkId()].includes(recipe.network_id);
  tell(ours ? [] : ["The recipe is of another network, whose picture is not quite this one."]);
}

/** Whether a recipe or one of its regions is painted like what was given along. */
const needsGiven = (recipe, regions) =>
  recipe.painting != null || [recipe, ...regions].some((part) => Object.keys(part?.weights ?? {}).some(isGiven));

/** A mask from its data URL. */
async function maskOf(address) {
  const [, type, data] = String(address).match(/^data:(image\/\w+);base64,(.*)$/) ?? [];
  if (!type) throw new Error("the file of its mask is not in the recipe");
  try {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    return await readMask(new Blob([bytes], { type }));
  } catch {
    throw new Error("its mask is no picture");
  }
}

function asData(blob) {
  return new Promise((resolve) => {
    const reading = new FileReader();
    reading.addEventListener("load", () => resolve(reading.result));
    reading.readAsDataURL(blob);
  });
}
