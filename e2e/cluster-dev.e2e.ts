import { request } from "undici";
import { eventually, Hopeless } from "./harness/eventually";
import { freePort, freePorts } from "./harness/free-ports";
import { MARK, markedProcesses } from "./harness/marked-processes";
import { ROOT, useProcesses } from "./harness/processes";

const processes = useProcesses();

/** As many as it starts anyway. */
const NODES = 3;
const SERVERS = 2;

// The build, which is cached mostly, and six processes.
const READY_MS = 120_000;
// Long enough for a busy machine; each process ends within a fraction of it.
const END_MS = 30_000;

async function get(url: string): Promise<string> {
  const { body } = await request(url);
  return body.text();
}

function hostnames(text: string): (string | undefined)[] {
  return [...text.matchAll(/"hostname":"([^"]*)"/g)].map((match) => match[1]).sort();
}

test(
  "yarn dev:cluster runs nodes in two zones that know each other, servers in both, and Ctrl-C leaves no process",
  async () => {
    const mark = `${process.pid}-dev-cluster`;
    const firstNode = await freePorts(NODES);
    const env = {
      [MARK]: mark,
      REGISTRY_PORT: String(firstNode),
      DEMO_GRPC_PORT: String(await freePorts(SERVERS)),
      DEMO_HTTP_PORT: String(await freePorts(SERVERS)),
      DEMO_CLIENT_PORT: String(await freePort()),
    };
    const command = [`${ROOT}/node_modules/.bin/yarn`, "dev:cluster"] as const;
    const running = processes.start({ name: "dev:cluster", command, env, group: true });
    await eventually(() => {
      if (!running.running) throw new Hopeless("it has ended");
      expect(running.output).toContain("nodes: ");
    }, READY_MS);

    const [, hello] = /open (\S+) or/.exec(running.output) ?? [];
    // The client's zone has a server, and so it calls no other.
    expect(await get(hello as string)).toContain('"served_by":"demo-server-1"');
    const nodes = Array.from({ length: NODES }, (_, i) => `127.0.0.1:${firstNode + i}`);
    // Nodes that have just started may take each other for lost for a moment: what they are told comes a moment later.
    await eventually(async () => {
      for (const node of nodes) {
        const text = await get(`http://${node}/discovery/fetch?env=dev&appid=demo.service&status=1`);
        expect(hostnames(text)).toEqual(["demo-server-1", "demo-server-2"]);
      }
      expect(await get(`http://${nodes[0]}/discovery/nodes`)).toContain(
        `"data":[{"addr":"${nodes[0]}","status":0,"zone":"z1"},{"addr":"${nodes[1]}","status":0,"zone":"z1"}]`,
      );
    }, END_MS);

    running.killGroup("SIGINT");
    await running.exited;
    await eventually(() => expect(markedProcesses(mark)).toEqual([]), END_MS);
  },
  READY_MS + 2 * END_MS,
);
