/** Programs that paint exactly this clip; where the service wants a key, with one from their surroundings. */

import { quoted, quotedForCurl, quotedForShell } from "./snippets.js";

/**
 * @typedef {{base: string, fileName: string, fields: [string, string][], output: string, keyed: boolean}} Film
 *   base: where the service is
 * @param {Film} film
 */
export function curl({ base, fileName, fields, output, keyed }) {
  const key = keyed ? '-H "Authorization: Bearer $IMPASTO_KEY" ' : "";
  const given = fields.map(([name, value]) => `-F ${quotedForShell(`${name}=${value}`)}`);
  const sent = [`curl ${key}-F ${quotedForShell(`video=@${quotedForCurl(fileName)}`)}`, ...given, `${base}v1/videos`];
  return `${sent.join(" \\\n     ")}    # a job, with its id as JOB:
curl ${key}${base}v1/jobs/JOB/events    # how far it is
curl ${key}${base}v1/jobs/JOB/result -o ${output}    # when it has succeeded

# or without the service
${command({ fileName, fields, output })}`;
}

export function python({ base, fileName, fields, output, keyed }) {
  const blend = styles(fields).map(([id, weight]) => `${JSON.stringify(id)}: ${weight}`);
  const options = fields.flatMap(([name, value]) => (name in IN_PYTHON ? [`${name}=${IN_PYTHON[name](value)}`] : []));
  const lines = [JSON.stringify(fileName), JSON.stringify(output), `{${blend.join(", ")}}`, ...options];
  const [imported, key] = keyed ? ["import os\n\n", ', key=os.environ["IMPASTO_KEY"]'] : ["", ""];
  return `${imported}from impasto.client import Client  # pip install 'impasto[client]'

with Client("${base}"${key}) as client:
    client.paint_video(
${lines.map((line) => `        ${line},`).join("\n")}
    )`;
}

export function javascript({ base, fields, keyed }) {
  const headers = keyed ? "headers: { Authorization: `Bearer ${IMPASTO_KEY}` }, " : "";
  return `const asked = async (path, options) => {
  const answer = await fetch("${base}" + path, { ${headers}...options });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return answer;
};
const form = new FormData();
form.append("video", file); // a File or Blob
${fields.map(([name, value]) => `form.append("${name}", ${quoted(value)});`).join("\n")}
let job = await (await asked("v1/videos", { method: "POST", body: form })).json();
while (["queued", "running"].includes(job.state)) {
  await new Promise((resolve) => { setTimeout(resolve, 1000); });
  job = await (await asked("v1/jobs/" + job.id)).json();
}
if (job.state !== "succeeded") throw new Error(job.message ?? job.state);
const painted = await (await asked("v1/jobs/" + job.id + "/result")).blob();`;
}

const IN_PYTHON = {
  strength: (value) => value,
  preserve_color: () => "True",
  stroke: (value) => (value === "native" ? '"native"' : value),
  network: (value) => `"${value}"`,
  flow: () => "True",
};

const valuesOf = (fields, name) => fields.filter(([each]) => each === name).map(([, value]) => value);

/** Ids and weights of the styles. */
function styles(fields) {
  const weights = valuesOf(fields, "weight");
  return valuesOf(fields, "style").map((id, place) => [id, weights[place] ?? "1"]);
}

function command({ fileName, fields, output }) {
  const blend = styles(fields).map(([id, weight]) => (weight === "1" ? id : `${id}=${weight}`));
  const options = { strength: "--strength ", stroke: "--stroke ", preserve_color: "--preserve-color", flow: "--flow" };
  const others = fields.filter(([name]) => name in options).map(([name, value]) =>
    options[name] + (value === "true" ? "" : value));
  if (valuesOf(fields, "network").includes("small")) others.push("--small");
  return ["impasto video", quotedForShell(fileName), "--style", ...blend, ...others, "-o", output].join(" ");
}
