import type { RouteName } from "@discoveryd/protocol";
import { carriers, type Carrier, type Fields } from "./testing/carriers";
import { fuzzed } from "./testing/fuzzed";
import { jsonOf, registrationArb, type Registration } from "./testing/registration";
import { envelopeOf, useHostileNode, type HostileNode } from "./testing/use-hostile-node";

const startNode = useHostileNode();

test.each(carriers)(
  "whatever a $name carries is registered, comes back exactly in every answer, and can be taken away",
  async (carrier) => {
    const node = await startNode();
    await fuzzed(100, registrationArb(carrier), async (registration) => {
      const ask = (route: RouteName, fields: Fields) => askNode(node, carrier, route, fields);
      const { env, appid, zone, hostname, metadata } = registration;
      await ask("register", { ...registration, status: "1", metadata: jsonOf(metadata) });

      const asked = { env, appid, zone, status: "3", latest_timestamp: "0" };
      const infos = [
        await ask("fetch", asked),
        await ask("poll", asked),
        own(await ask("fetchs", asked), appid),
        own(await ask("polls", asked), appid),
      ];
      for (const info of infos) expectOnly(own(own(info, "instances"), zone), registration);
      expectOnly(own(await ask("fetchAll", {}), appid), registration);

      await ask("cancel", { env, appid, zone, hostname });
      await expect(ask("fetch", asked)).rejects.toThrow("-404");
    });
    await node.expectUnharmed();
  },
  60_000,
);

async function askNode(
  node: HostileNode,
  carrier: Carrier,
  route: RouteName,
  fields: Fields,
): Promise<unknown> {
  const { code, message, data } = envelopeOf(await node.ask(carrier.carry(route, fields)));
  if (code !== 0) throw new Error(`${route}: ${code} ${message}`);
  return data;
}

/** The list holds this instance, and no other. */
function expectOnly(list: unknown, { metadata, ...expected }: Registration): void {
  expect(list).toEqual([expect.objectContaining({ ...expected, status: 1 })]);
  const seen = own((list as unknown[])[0], "metadata") as Record<string, string>;
  expect(Object.entries(seen).sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(metadata);
}

/** A property of parsed JSON, be its name `__proto__`. */
function own(object: unknown, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}
