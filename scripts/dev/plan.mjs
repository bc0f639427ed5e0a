import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Something on the command line or in the environment that is wrong. The message is one line. */
export class PlanError extends Error {}

export const HELP = `yarn dev: builds, then runs a registry, demo servers and a demo client until Ctrl-C.

usage: yarn dev [--servers <n>] [--help]

  --servers <n>     how many servers, 1 to 20

Environment variables:
  DEMO_SERVERS      as --servers (1)
  DEMO_HOST         the address that all of them listen on (127.0.0.1)
  REGISTRY_PORT     the registry's port (7171)
  DEMO_GRPC_PORT    the first server's gRPC port; the others take those after it (9000)
  DEMO_HTTP_PORT    the first server's HTTP port; the others take those after it, without the client's (8000)
  DEMO_CLIENT_PORT  the client's HTTP port (8001)
  DEMO_TARGET       whom the client calls (discovery://default/demo.service);
                    direct://default/127.0.0.1:9000 runs without a registry
All others reach the processes as they are: LOG_LEVEL, DEPLOY_ENV, ZONE, …; see the READMEs in apps/ and packages/.
`;

const APPID = "demo.service";
const MOST_SERVERS = 20;

/**
 * What to run: the ports that must be free, the packages to build, and the processes in steps. A step's processes
 * start together; the next step waits until its checks hold. Throws a PlanError.
 */
export function readPlan(args, env) {
  const flags = readFlags(args);
  if (flags.help) return { help: true };
  const serverCount = readServerCount(flags.servers, env);
  const host = env.DEMO_HOST || "127.0.0.1";
  const target = env.DEMO_TARGET || `discovery://default/${APPID}`;
  const direct = target.startsWith("direct:");
  const clientPort = readPort(env, "DEMO_CLIENT_PORT", 8001);
  const registry = direct
    ? undefined
    : registryPlan({ env, host, port: readPort(env, "REGISTRY_PORT", 7171) });
  const servers = serverPlans({ env, host, serverCount, clientPort, registry });
  const client = clientPlan({ env, host, port: clientPort, target, registry });
  const all = [registry, ...servers, client].filter((plan) => plan !== undefined);
  const ports = all.flatMap((plan) => plan.ports);
  rejectSharedPorts(ports);
  return {
    ports,
    packages: [...new Set(all.map((plan) => plan.package))],
    steps: [
      ...(registry ? [{ processes: [registry], checks: [registry.check] }] : []),
      { processes: servers, checks: servers.flatMap((server) => server.checks) },
      { processes: [client], checks: client.checks },
    ],
    ready: readyLine({ client, registry, env }),
  };
}

function readFlags(args) {
  try {
    return parseArgs({ args, options: { servers: { type: "string" }, help: { type: "boolean" } } }).values;
  } catch (error) {
    throw new PlanError(`${error.message.split(/\.\s/)[0]}: use --servers <n> or --help`);
  }
}

function readServerCount(flag, env) {
  const [name, value] = flag === undefined ? ["DEMO_SERVERS", env.DEMO_SERVERS || "1"] : ["--servers", flag];
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_SERVERS) return count;
  throw new PlanError(`${name} = ${JSON.stringify(value)}: use a number from 1 to ${MOST_SERVERS}`);
}

function readPort(env, name, fallback) {
  const value = env[name] || String(fallback);
  if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535) return Number(value);
  throw new PlanError(`${name} = ${JSON.stringify(value)}: use a port from 1 to 65535`);
}

function registryPlan({ env, host, port }) {
  const addr = address(host, port);
  return {
    name: "registry",
    package: "@discoveryd/registry-server",
    main: join(ROOT, "packages/registry-server/dist/main.js"),
    env: { ...env, DISCOVERYD_HTTPSERVER_ADDR: addr, DISCOVERY_NODES: addr },
    ports: [{ host, port, what: "the registry", variable: "REGISTRY_PORT" }],
    nodes: reachable(host, port),
    check: { what: "the registry is ready", url: `http://${reachable(host, port)}/readyz`, holds: isOk },
  };
}

function serverPlans({ env, host, serverCount, clientPort, registry }) {
  const grpcPort = readPort(env, "DEMO_GRPC_PORT", 9000);
  let httpPort = readPort(env, "DEMO_HTTP_PORT", 8000);
  return Array.from({ length: serverCount }, (_, index) => {
    // 8000, 8002, 8003, …: the client is on 8001.
    if (index > 0) httpPort += httpPort + 1 === clientPort ? 2 : 1;
    const name = `demo-server-${index + 1}`;
    const grpc = grpcPort + index;
    return {
      name,
      package: "@discoveryd/demo-server",
      main: join(ROOT, "apps/demo-server/dist/main.js"),
      env: {
        ...env,
        ...(registry ? { DISCOVERY_NODES: registry.nodes } : { DEMO_REGISTER: "false" }),
        HOSTNAME: name,
        GRPC_ADDR: address(host, grpc),
        HTTP_ADDR: address(host, httpPort),
        // The client has ended before the servers are stopped: there is nobody to wait for.
        GRPC_DRAIN: env.GRPC_DRAIN || "0",
      },
      ports: [
        { host, port: grpc, what: `${name}'s gRPC`, variable: "DEMO_GRPC_PORT" },
        { host, port: httpPort, what: `${name}'s HTTP`, variable: "DEMO_HTTP_PORT" },
      ],
      checks: [
        { what: `${name} is up`, url: `http://${reachable(host, httpPort)}/healthz`, holds: isOk },
        ...(registry
          ? [{ what: `${name} is registered`, url: pollsUrl(registry, env), holds: shows(name) }]
          : []),
      ],
    };
  });
}

function clientPlan({ env, host, port, target, registry }) {
  const url = `http://${reachable(host, port)}/say_hello?name=Ada`;
  return {
    name: "demo-client",
    package: "@discoveryd/demo-client",
    main: join(ROOT, "apps/demo-client/dist/main.js"),
    env: {
      ...env,
      ...(registry ? { DISCOVERY_NODES: registry.nodes } : {}),
      HOSTNAME: "demo-client",
      DEMO_TARGET: target,
      HTTP_ADDR: address(host, port),
    },
    ports: [{ host, port, what: "the client", variable: "DEMO_CLIENT_PORT" }],
    url,
    checks: [{ what: "the client says hello", url, holds: saysHello }],
  };
}

/** Throws a PlanError when two processes would listen on one port. */
export function rejectSharedPorts(ports) {
  for (const [index, { port, what, variable }] of ports.entries()) {
    if (port > 65_535) throw new PlanError(`${what} would be on port ${port}: lower ${variable}`);
    const other = ports.slice(0, index).find((earlier) => earlier.port === port);
    if (other) {
      throw new PlanError(
        `port ${port} is for ${other.what} and for ${what}: change ${other.variable} or ${variable}`,
      );
    }
  }
}

function readyLine({ client, registry, env }) {
  const curl = (url) => `curl '${url.replace("http://", "")}'`;
  const registryPart = registry ? ` and ${curl(fetchUrl(registry, env))}` : "";
  return `ready: open ${client.url} or try ${curl(client.url)}${registryPart} (Ctrl-C ends all)`;
}

function fetchUrl(registry, env) {
  return `http://${registry.nodes}/discovery/fetch?env=${deployEnv(env)}&appid=${APPID}&status=1`;
}

/** A long poll: it waits at the registry for the first server, and leaves no line in its log. */
function pollsUrl(registry, env) {
  return `http://${registry.nodes}/discovery/polls?env=${deployEnv(env)}&appid=${APPID}&latest_timestamp=0`;
}

function deployEnv(env) {
  return encodeURIComponent(env.DEPLOY_ENV || "dev");
}

function address(host, port) {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where to call something that listens on `host`: "all addresses" is none to call. */
function reachable(host, port) {
  return address(host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host, port);
}

function isOk({ status }) {
  return status === 200;
}

function saysHello({ text }) {
  return text.startsWith('{"code":0,');
}

function shows(hostname) {
  return ({ text }) => text.includes(`"hostname":"${hostname}"`);
}
