import { HELP as DEV_HELP, PlanError, readPlan, rejectSharedPorts } from "./plan.mjs";

export const HELP = DEV_HELP.replace(
  /^.*?\n\nusage: yarn dev /s,
  "yarn dev:cluster: builds, then runs three registry nodes in two zones, demo servers in both and a demo client\n" +
    "until Ctrl-C.\n\nusage: yarn dev:cluster ",
)
  .replace("(1)", "(2)")
  .replace("the registry's port (7171)", "the first node's port; the others take those after it (7171)");

/** The zone of each node. */
const ZONES = ["z1", "z1", "z2"];

/**
 * The plan of `yarn dev` with three registry nodes in two zones. The servers are in one zone and the other by turns,
 * and know the nodes of theirs; the client is in the first. Throws a PlanError.
 */
export function readClusterPlan(args, env) {
  const plan = readPlan(args, { ...env, DEMO_SERVERS: env.DEMO_SERVERS || "2" });
  if (plan.help) return plan;
  const [registryStep, serverStep, clientStep] = plan.steps;
  if (!clientStep) throw new PlanError("DEMO_TARGET is direct: a cluster is for discovery:// targets");
  const nodes = nodePlans(registryStep.processes[0]);
  const [, ...otherPorts] = plan.ports;
  const ports = [...nodes.flatMap((node) => node.ports), ...otherPorts];
  rejectSharedPorts(ports);
  serverStep.processes.forEach((server, index) => join(server, ZONES[(index * 2) % ZONES.length], nodes));
  for (const client of clientStep.processes) join(client, ZONES[0], nodes);
  return {
    ...plan,
    ports,
    steps: [
      { processes: nodes, checks: nodes.flatMap((node) => checksOf(node, nodes)) },
      serverStep,
      clientStep,
    ],
    ready: `${plan.ready}\nnodes: ${nodes.map(({ nodes: addr, zone }) => `${addr} (${zone})`).join(", ")}`,
  };
}

function nodePlans(registry) {
  const [{ host, port, variable }] = registry.ports;
  const nodes = ZONES.map((zone, index) => ({
    ...registry,
    name: `registry-${index + 1}`,
    zone,
    nodes: withPort(registry.nodes, port + index),
    ports: [{ host, port: port + index, what: `registry-${index + 1}`, variable }],
  }));
  return nodes.map((node, index) => ({
    ...node,
    env: {
      ...registry.env,
      HOSTNAME: node.name,
      ZONE: node.zone,
      DISCOVERYD_HTTPSERVER_ADDR: withPort(registry.env.DISCOVERYD_HTTPSERVER_ADDR, port + index),
      DISCOVERY_NODES: addressesIn(node.zone, nodes),
      DISCOVERYD_ZONES: otherZones(node.zone)
        .map((zone) => `${zone}=${addressesIn(zone, nodes)}`)
        .join(";"),
    },
  }));
}

/** Each is ready, and knows all. */
function checksOf({ name, nodes: addr }, all) {
  const url = `http://${addr}/discovery/fetch?env=dev&appid=infra.discovery&status=1`;
  const knowsAll = ({ text }) => all.every((node) => text.includes(`"hostname":"${node.name}"`));
  return [{ what: `${name} knows all nodes`, url, holds: knowsAll }];
}

function join(plan, zone, nodes) {
  Object.assign(plan.env, { ZONE: zone, DISCOVERY_NODES: addressesIn(zone, nodes) });
}

function otherZones(own) {
  return [...new Set(ZONES)].filter((zone) => zone !== own);
}

function addressesIn(zone, nodes) {
  return nodes
    .filter((node) => node.zone === zone)
    .map((node) => node.nodes)
    .join(",");
}

function withPort(address, port) {
  return address.replace(/\d+$/, String(port));
}
