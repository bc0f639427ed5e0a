// Loaded into a server with --require, beside --expose-gc: SIGUSR2 makes it collect all garbage, so that only what is
// in use counts.
process.on("SIGUSR2", () => {
  for (let i = 0; i < 3; i++) globalThis.gc();
});
