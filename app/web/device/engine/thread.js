/** One of the kernels' threads. */

import { instantiated } from "./threads.js";

addEventListener("message", async ({ data: { module, memory, stack, thread } }) => {
  const { exports } = await instantiated(module, memory);
  exports.__stack_pointer.value = stack;
  postMessage("ready");
  exports.work(thread);
});
