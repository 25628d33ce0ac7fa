/** Programs that paint exactly this picture; where the service wants a key, with one from their surroundings. */

/**
 * @param {{url: string, fileName: string, fields: [string, string][], output: string, keyed: boolean}} painting
 */
export function curl({ url, fileName, fields, output, keyed }) {
  const image = quotedForShell(`image=@${quotedForCurl(fileName)}`);
  const lines = [`curl -F ${image}`, ...fields.map(([name, value]) => `-F ${name}=${value}`), `${url} -o ${output}`];
  if (keyed) lines.splice(1, 0, '-H "Authorization: Bearer $IMPASTO_KEY"');
  return lines.join(" \\\n     ");
}

export function python({ url, fileName, fields, output, keyed }) {
  const data = Object.entries(Object.groupBy(fields, ([name]) => name)).map(([name, pairs]) => {
    const values = pairs.map(([, value]) => JSON.stringify(value));
    return `        "${name}": ${values.length > 1 ? `[${values.join(", ")}]` : values[0]},`;
  });
  const [imported, headers] = keyed
    ? ["import os\n\n", `\n        headers={"Authorization": "Bearer " + os.environ["IMPASTO_KEY"]},`]
    : ["", ""];
  return `${imported}import httpx  # or requests

with open(${JSON.stringify(fileName)}, "rb") as photo:
    answer = httpx.post(
        "${url}",${headers}
        files={"image": photo},
        data={
    ${data.join("\n    ")}
        },
        timeout=60,
    )
answer.raise_for_status()
with open("${output}", "wb") as painting:
    painting.write(answer.content)`;
}

export function javascript({ url, fields, keyed }) {
  const appended = fields.map(([name, value]) => `form.append("${name}", "${value}");`);
  const headers = keyed ? "headers: { Authorization: `Bearer ${IMPASTO_KEY}` }, " : "";
  return `const form = new FormData();
form.append("image", file); // a File or Blob
${appended.join("\n")}
const answer = await fetch("${url}", { method: "POST", ${headers}body: form });
if (!answer.ok) throw new Error((await answer.json()).detail);
const painting = await answer.blob();`;
}

/** curl takes , and ; in a file's name for its own. */
function quotedForCurl(name) {
  return /[,;"\\]/.test(name) ? `"${name.replace(/[\\"]/g, "\\$&")}"` : name;
}

function quotedForShell(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
