/** The service, as this page asks it: every address is relative to the page, so that it may stand behind any prefix. */

import { pause } from "../parts/waiting.js";
import { saying, serviceIsBack, unlessAborted } from "./connection.js";
import { anotherKey, currentKey, withKey } from "./key.js";

const MOST_BREAKS = 3;
const LONGEST_STEP = 30;
const COMES_BACK = new Set(["queue_full", "rate_exceeded", "not_ready", "store_unavailable", "out_of_memory"]);

/**
 * An error that the service has explained: `code` for programs, `message` for people, `fields` by name; retryAfter: the
 * seconds after which it may be gone, null where it will not be.
 */
export class Problem extends Error {
  constructor({ code, detail, errors = [], retryAfter = null }) {
    super(sentence(detail));
    Object.assign(this, { code, retryAfter });
    this.fields = Object.fromEntries(errors.map(({ field, message }) => [field, sentence(message)]));
  }
}

/**
 * A request that waits: while the service is gone, until it is back; while it is busy, for as long as it asks; where it
 * wants a key, until one is given.
 *
 * patient: whether to wait for a busy service. send: what is called as fetch is, in its place. Rejects with a Problem,
 * or with the signal's reason.
 */
export async function request(path, { patient = true, send = fetch, ...options } = {}) {
  for (let breaks = 0, attempt = 0; ; ) {
    const key = currentKey();
    let answer;
    try {
      answer = await send(path, { ...options, headers: withKey(options.headers, key) });
    } catch {
      options.signal?.throwIfAborted();
      breaks += 1;
      if (breaks > MOST_BREAKS) throw new Problem({ code: "broken", detail: "the connection broke off" });
      await serviceIsBack(options.signal);
      continue;
    }
    if (answer.ok) return answer;
    const problem = await problemOf(answer);
    if (answer.status === 401) {
      if (await unlessAborted(anotherKey(key, problem.message), options.signal)) continue;
      throw problem;
    }
    if (!patient || !problem.retryAfter) throw problem;
    attempt += 1;
    await patience(problem.retryAfter, attempt, options.signal);
  }
}

/** Throws a Problem for a file that is larger than the service takes. */
export function checkSize({ size }, { max_upload_bytes: most }) {
  if (size <= most) return;
  const detail = `the service takes ${Math.floor(most / 1e6)} MB, and the file is larger`;
  throw new Problem({ code: "too_many_bytes", detail });
}

/** Fields and a picture as a form. */
export function form(list, files = {}) {
  const data = new FormData();
  for (const [name, [blob, fileName]] of Object.entries(files)) data.append(name, blob, fileName);
  for (const [name, value] of list) data.append(name, value);
  return data;
}

/** @returns {Promise<Response>} the painted picture; options: of the request, besides its form */
export function stylize(blob, name, list, options) {
  return request("v1/stylize", { ...options, method: "POST", body: form(list, { image: [blob, name] }) });
}

export const json = async (path, options) => (await request(path, options)).json();

export const stylePath = (id, part = "") => `v1/styles/${encodeURIComponent(id)}${part}`;

/** Where a style's preview is; a style added anew under an old id has another address. */
export function previewPath({ id, created }) {
  return stylePath(id, "/preview") + (created ? `?created=${encodeURIComponent(created)}` : "");
}

async function problemOf(answer) {
  const body = await answer.json().catch(() => ({}));
  const retryAfter = COMES_BACK.has(body.code) ? Number(answer.headers.get("Retry-After")) || 1 : null;
  return new Problem({ code: "unknown", detail: `the service answered ${answer.status}`, ...body, retryAfter });
}

async function patience(asked, attempt, signal) {
  const seconds = Math.max(asked, Math.min(LONGEST_STEP, 2 ** (attempt - 1)));
  await saying(`The service is busy. Trying again in ${seconds} s.`, () => pause(seconds * 1000, signal));
}

function sentence(text) {
  const trimmed = String(text).trim();
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? "" : ".");
}
