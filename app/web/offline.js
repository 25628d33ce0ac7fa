/**
 * A service worker, of those who paint on their own device: it keeps what that takes, for when there is no connection.
 *
 * The page's files are kept as of one version, which is behind the ? of this file's address; they are asked for as
 * ever, and come from here only where the service does not answer. Of the service's answers it keeps what the page
 * opens with, and the networks.
 */

const CACHE = `impasto ${location.search.slice(1)}`;
const PAGE = new URL("./", location).href;
/** What a file of the page names: other files of it. */
const NAMED = /(?:\b(?:from|import)[ (]*|\bURL\(|\b(?:src|href)=)"([\w./-]+\.\w+)"/g;
/** What is kept as it comes, and of that what never changes under its address. */
const ANSWERS = /^(onnxruntime-web\/.*|v1\/(info|styles|styles\/[^/]+\/preview(\?.*)?|networks\/.*))$/;
const FOR_EVER = /^(onnxruntime-web\/|v1\/networks\/[^/]+\.onnx$)/;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(keepPage());
});

addEventListener("activate", (event) => event.waitUntil(replaceOthers().then(() => clients.claim())));

addEventListener("message", ({ data }) => data === "claim" && clients.claim());

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(PAGE)) return;
  const path = request.url.slice(PAGE.length);
  if (FOR_EVER.test(path) && request.cache !== "reload") event.respondWith(keptOrFetched(event));
  else if (ANSWERS.test(path)) event.respondWith(fetchedAndKept(event).catch(() => kept(request)));
  else if (!path.startsWith("v1/")) event.respondWith(fetch(request).catch(() => kept(request)));
});

/** All files of the page, found as the browser finds them. */
async function keepPage() {
  const cache = await caches.open(CACHE);
  const found = new Set([PAGE]);
  for (const address of found) { // which grows meanwhile
    const answer = await fetch(address, { cache: "no-cache" });
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    await cache.put(address, answer.clone());
    if (!/html|javascript/.test(answer.headers.get("Content-Type"))) continue;
    for (const [, name] of (await answer.text()).matchAll(NAMED)) found.add(new URL(name, address).href);
  }
}

/** Former versions go; what they kept besides the page is taken over. */
async function replaceOthers() {
  const cache = await caches.open(CACHE);
  const others = (await caches.keys()).filter((name) => name.startsWith("impasto ") && name !== CACHE);
  for (const name of others) {
    const former = await caches.open(name);
    for (const request of await former.keys()) {
      const path = request.url.slice(PAGE.length);
      if (ANSWERS.test(path)) await cache.put(request, await former.match(request));
    }
    await caches.delete(name);
  }
}

const keptOrFetched = async (event) => (await find(event.request)) ?? fetchedAndKept(event);

async function fetchedAndKept(event) {
  const answer = await fetch(event.request);
  if (answer.ok) event.waitUntil(keep(event.request, answer.clone()));
  return answer;
}

/** Where the storage is full, the page looks for it in vain, and says so. */
async function keep(request, answer) {
  const cache = await caches.open(CACHE);
  await cache.put(request, answer).catch(() => cache.delete(request));
}

async function kept(request) {
  return (await find(request)) ?? Response.error();
}

async function find(request) {
  const cache = await caches.open(CACHE);
  return cache.match(request, { ignoreVary: true });
}
