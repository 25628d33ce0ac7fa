/** fetch, but for large bodies: it tells how much of one is sent, which fetch does not. */

/** tell: called with the share that is sent. @returns a function that is called as fetch is */
export const telling = (tell) => (path, { method, headers = {}, body, signal }) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const sending = new XMLHttpRequest();
    sending.open(method, path);
    sending.responseType = "blob";
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.upload.addEventListener("progress", ({ loaded, total }) => tell(loaded / total));
    sending.addEventListener("load", () => resolve(sending));
    sending.addEventListener("error", () => reject(new TypeError("the connection broke off")));
    sending.addEventListener("abort", () => reject(signal.reason));
    signal?.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(body);
  }).then(answered);

function answered(sending) {
  const lines = sending.getAllResponseHeaders().split("\r\n").filter((line) => line.includes(": "));
  const headers = lines.map((line) => line.split(/: (.*)/s, 2));
  return new Response(sending.response, { status: sending.status, headers });
}
