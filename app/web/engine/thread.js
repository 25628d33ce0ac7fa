/** One of the kernels' threads. */

addEventListener("message", async ({ data: { module, memory, stack, thread } }) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  exports.__stack_pointer.value = stack;
  postMessage("ready");
  exports.work(thread);
});
