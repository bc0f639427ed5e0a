/**
 * Which instances does a client use? Zone schedules and subsets, worked out for many clients: `tsx bench/choice.ts`.
 * The bounds that must hold are tests: packages/naming-sdk/src/select.
 */
import { select, type Instance, type InstancesInfo } from "@discoveryd/naming-sdk";
import { seededRandom } from "@discoveryd/runtime";

/** Zones, and of each the weight that its traffic is to have and the number of its instances. */
type Zones = Readonly<Record<string, { readonly weight: number; readonly instances: number }>>;

const schedules: readonly Zones[] = [
  { a: { weight: 1, instances: 1 }, b: { weight: 1, instances: 9 } },
  { a: { weight: 8, instances: 3 }, b: { weight: 2, instances: 50 } },
  { a: { weight: 70, instances: 10 }, b: { weight: 20, instances: 10 }, c: { weight: 10, instances: 10 } },
  { a: { weight: 50, instances: 200 }, b: { weight: 50, instances: 1 } },
];

const subsets = [
  { clients: 100, instances: 100, size: 20 },
  { clients: 100, instances: 100, size: 50 },
  { clients: 1_000, instances: 100, size: 20 },
  { clients: 300, instances: 1_000, size: 50 },
];

console.log("\nTwo clients' traffic over zones, in %: as scheduled, without and with a subset of 20\n");
console.log(row(["weights", "instances", "wanted", "all", "subset"]));
console.log(row(["---", "---", "---", "---", "---"]));
for (const zones of schedules) {
  const weights = Object.values(zones).map(({ weight }) => weight);
  const info = infoOf(zones);
  console.log(
    row([
      weights.join(" : "),
      Object.values(zones)
        .map(({ instances }) => instances)
        .join(" : "),
      percentages(weights),
      trafficOf(info, undefined),
      trafficOf(info, 20),
    ]),
  );
}

console.log("\nClients of an instance, and what changes when one of the instances leaves\n");
console.log(
  row(["clients", "instances", "subset", "even", "least", "most", "deviation, % of even", "most new"]),
);
console.log(row(["---", "---", "---", "---", "---", "---", "---", "---"]));
for (const { clients, instances, size } of subsets) {
  const info = infoOf({ a: { weight: 1, instances } });
  const ids = clientIds(clients);
  const counts = new Map<string, number>();
  for (const id of ids)
    for (const name of namesOf(info, size, id)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const all = listOf(info).map(({ hostname }) => counts.get(hostname) ?? 0);
  const even = (clients * size) / instances;
  const deviation = Math.sqrt(all.reduce((sum, count) => sum + (count - even) ** 2, 0) / instances) / even;
  console.log(
    row([
      ...[clients, instances, size, even, Math.min(...all), Math.max(...all)].map(String),
      (100 * deviation).toFixed(1),
      String(mostNew(info, size, ids.slice(0, 20))),
    ]),
  );
}

/** How many instances any of the clients gets anew when one of them leaves, at most. */
function mostNew(info: InstancesInfo, size: number, ids: readonly string[]): number {
  const news = listOf(info)
    .slice(0, 20)
    .flatMap((gone) => {
      const instances = new Map([["a", listOf(info).filter((instance) => instance !== gone)]]);
      return ids.map((id) => {
        const before = new Set(namesOf(info, size, id));
        return namesOf({ ...info, instances }, size, id).filter((name) => !before.has(name)).length;
      });
    });
  return Math.max(...news);
}

function trafficOf(info: InstancesInfo, subset: number | undefined): string {
  const options = { scheduleNode: true as const, ...(subset !== undefined && { subset }) };
  const chosen = clientIds(2).map((clientId) => select(info, options, { zone: "a", clientId }));
  const weights = chosen.map(({ instances }) =>
    [...instances.values()].map((list) =>
      list.reduce((sum, { metadata }) => sum + Number(metadata.get("weight")), 0),
    ),
  );
  return weights.map(percentages).join(" and ");
}

function percentages(weights: readonly number[]): string {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => ((100 * weight) / sum).toFixed(1)).join(" : ");
}

function clientIds(count: number): string[] {
  const random = seededRandom(1);
  return Array.from({ length: count }, () => `client-${random()}`);
}

function namesOf(info: InstancesInfo, subset: number, clientId: string): string[] {
  return listOf(select(info, { subset }, { zone: "a", clientId })).map(({ hostname }) => hostname);
}

function listOf({ instances }: InstancesInfo): Instance[] {
  return [...instances.values()].flat();
}

function infoOf(zones: Zones): InstancesInfo {
  const instances = new Map(
    Object.entries(zones).map(([zone, { instances: count }]) => [
      zone,
      Array.from({ length: count }, (_, i) => instanceOf(zone, `${zone}-${i}`)),
    ]),
  );
  return {
    instances,
    lastTs: 1n,
    scheduler: { clients: new Map([["a", { zones: new Map(Object.entries(zones)) }]]) },
  };
}

function instanceOf(zone: string, hostname: string): Instance {
  const place = { region: "region01", zone, env: "dev", appid: "demo.service", hostname };
  return {
    ...place,
    addrs: [`grpc://${hostname}:9000`],
    version: "",
    metadata: new Map(),
    status: 1,
    lastTs: 1n,
  };
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
