/** Programs that paint exactly this picture; where the service wants a key, with one from their surroundings. */

/**
 * @typedef {{url: string, fileName: string, fields: [string, string][], masks: string[], output: string,
 *   keyed: boolean}} Painting masks: names of the files of painted masks
 * @param {Painting} painting
 */
export function curl({ url, fileName, fields, masks, output, keyed }) {
  const image = quotedForShell(`image=@${quotedForCurl(fileName)}`);
  const given = fields.map(([name, value]) => `-F ${quotedForShell(`${name}=${value}`)}`);
  const lines = [`curl -F ${image}`, ...given, ...masks.map((name) => `-F mask=@${name}`), `${url} -o ${output}`];
  if (keyed) lines.splice(1, 0, '-H "Authorization: Bearer $IMPASTO_KEY"');
  return lines.join(" \\\n     ");
}

export function python({ url, fileName, fields, masks, output, keyed }) {
  const data = Object.entries(Object.groupBy(fields, ([name]) => name)).map(([name, pairs]) => {
    const values = pairs.map(([, value]) => quoted(value));
    return `        "${name}": ${values.length > 1 ? `[${values.join(", ")}]` : values[0]},`;
  });
  const names = masks.map((name) => `"${name}"`).join(", ");
  const [named, files] = masks.length
    ? [`masks = [${names}]\n`, `[("image", photo), *(("mask", open(name, "rb")) for name in masks)]`]
    : ["", `{"image": photo}`];
  const [imported, headers] = keyed
    ? ["import os\n\n", `\n        headers={"Authorization": "Bearer " + os.environ["IMPASTO_KEY"]},`]
    : ["", ""];
  return `${imported}import httpx  # or requests

${named}with open(${JSON.stringify(fileName)}, "rb") as photo:
    answer = httpx.post(
        "${url}",${headers}
        files=${files},
        data={
    ${data.join("\n    ")}
        },
        timeout=60,
    )
answer.raise_for_status()
with open("${output}", "wb") as painting:
    painting.write(answer.content)`;
}

export function javascript({ url, fields, masks, keyed }) {
  const appended = fields.map(([name, value]) => `form.append("${name}", ${quoted(value)});`);
  if (masks.length) appended.push(`for (const mask of masks) form.append("mask", mask); // Files: ${masks.join(", ")}`);
  const headers = keyed ? "headers: { Authorization: `Bearer ${IMPASTO_KEY}` }, " : "";
  return `const form = new FormData();
form.append("image", file); // a File or Blob
${appended.join("\n")}
const answer = await fetch("${url}", { method: "POST", ${headers}body: form });
if (!answer.ok) throw new Error((await answer.json()).detail);
const painting = await answer.blob();`;
}

/** As a text in Python and JavaScript; the JSON of regions has neither ' nor \\. */
export function quoted(value) {
  return value.includes('"') ? `'${value}'` : JSON.stringify(value);
}

/** curl takes , and ; in a file's name for its own. */
export function quotedForCurl(name) {
  return /[,;"\\]/.test(name) ? `"${name.replace(/[\\"]/g, "\\$&")}"` : name;
}

export function quotedForShell(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
