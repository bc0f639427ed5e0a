import { FakeRegistry } from "./fake-registry";

/** Registries that end with the test; `start` them first, in a test or a hook. */
export function useRegistries(): { start(): Promise<FakeRegistry> } {
  const running: FakeRegistry[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((registry) => registry.stop()));
  });
  return {
    async start() {
      const registry = await new FakeRegistry().start();
      running.push(registry);
      return registry;
    },
  };
}

/** Closes what a test opened, last first. */
export function useClosing(): <T extends { close(): unknown }>(part: T) => T {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close();
  });
  return (part) => {
    open.push(part);
    return part;
  };
}
