/** One process of the load: does what registry-scale.ts asks for over IPC, one task after the other or at once. */
import { setTimeout as sleep } from "node:timers/promises";
import { BIG_APP, ENV, HEARTBEAT_MS, appidOf, keyForm, registerForm, type Plan } from "./plan";
import { Wire, clockMs, type WireAnswer } from "../harness/wire";

/** What a load process can be asked. */
export interface Tasks {
  /** Registers the instances from one number to another. */
  register(args: { from: number; to: number; connections: number }): Promise<void>;
  /** Renews every instance each 30 s, until the process ends. */
  heartbeats(args: { from: number; to: number; connections: number }): Promise<void>;
  /** Opens polls that hang on the apps but the big one; each comes again when it has run out. */
  openPolls(args: { count: number }): Promise<void>;
  dropPolls(args: object): Promise<void>;
  /** Watches the big app with so many polls, until `seen` is asked. */
  watch(args: { count: number }): Promise<void>;
  /** By watcher: every version it was shown, and when. */
  seen(args: object): Promise<[version: string, at: number][][]>;
  /** Asks for something small each 2 ms, until `probed` is asked. */
  probe(args: object): Promise<void>;
  /** How long each probe took, in milliseconds. */
  probed(args: object): Promise<number[]>;
}

const RENEW = "/discovery/renew";
const PROBE_MS = 2;
// So many connections are opened at once.
const OPENING = 50;

const plan = JSON.parse(process.argv[2] ?? "") as Plan;
const port = Number(process.argv[3]);
const polls = new Set<Wire>();
const versions: [version: string, at: number][][] = [];
let probes: number[] = [];
let isProbing = false;

const tasks: Tasks = {
  async register({ from, to, connections }) {
    let next = from;
    await inParallel(connections, async (wire) => {
      while (next < to) expectOk(await wire.post("/discovery/register", registerForm(plan, next++)));
    });
  },

  async heartbeats({ from, to, connections }) {
    const share = Math.ceil((to - from) / connections);
    for (let first = from; first < to; first += share) {
      void renewForEver(await Wire.open(port), first, Math.min(first + share, to));
    }
  },

  async openPolls({ count }) {
    for (let i = 0; i < count; i += OPENING) {
      const wires = Array.from({ length: Math.min(OPENING, count - i) }, () => Wire.open(port));
      (await Promise.all(wires)).forEach(
        (wire, j) => void pollForEver(wire, appidOf(plan, plan.bigApp + i + j)),
      );
    }
  },

  async dropPolls() {
    for (const wire of polls) wire.destroy();
    polls.clear();
  },

  async watch({ count }) {
    await inTurn(count, async () => {
      const seen: [string, number][] = [];
      versions.push(seen);
      const wire = await Wire.open(port);
      seen.push(await pollBigApp(wire, "0"));
      void watchForEver(wire, seen);
    });
  },

  async seen() {
    return versions;
  },

  async probe() {
    probes = [];
    isProbing = true;
    void probeForEver(await Wire.open(port));
  },

  async probed() {
    isProbing = false;
    return probes;
  },
};

process.on("message", ({ id, task, args }: { id: number; task: keyof Tasks; args: never }) => {
  tasks[task](args).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));

async function renewForEver(wire: Wire, from: number, to: number): Promise<void> {
  const stepMs = HEARTBEAT_MS / (to - from);
  for (let i = from, due = clockMs(); ; i = i + 1 < to ? i + 1 : from, due += stepMs) {
    const early = due - clockMs();
    if (early > 1) await sleep(early);
    expectOk(await wire.post(RENEW, keyForm(plan, i)));
  }
}

async function pollForEver(wire: Wire, appid: string): Promise<void> {
  polls.add(wire);
  while (polls.has(wire)) {
    // Newer than anything that will happen: it hangs.
    await wire.get(`/discovery/polls?env=${ENV}&hostname=bench&appid=${appid}&latest_timestamp=${2n ** 62n}`);
  }
}

async function watchForEver(wire: Wire, seen: [string, number][]): Promise<void> {
  for (;;) seen.push(await pollBigApp(wire, (seen.at(-1) as [string, number])[0]));
}

async function pollBigApp(wire: Wire, since: string): Promise<[version: string, at: number]> {
  const target = `/discovery/polls?env=${ENV}&hostname=bench&appid=${BIG_APP}&latest_timestamp=${since}`;
  for (;;) {
    const { code, tail, at } = await wire.get(target);
    const version = /"latest_timestamp":(\d+)\}\},"error"/.exec(tail)?.[1];
    if (version !== undefined) return [version, at];
    if (code !== -304) throw new Error(`a watcher was answered ${code}: ${tail}`);
  }
}

async function probeForEver(wire: Wire): Promise<void> {
  while (isProbing) {
    const start = clockMs();
    const { at } = await wire.get("/discovery/nodes");
    probes.push(at - start);
    await sleep(PROBE_MS);
  }
  wire.destroy();
}

async function inParallel(connections: number, work: (wire: Wire) => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const wire = await Wire.open(port);
      await work(wire);
      wire.destroy();
    }),
  );
}

async function inTurn(count: number, work: () => Promise<void>): Promise<void> {
  for (let i = 0; i < count; i += OPENING) {
    await Promise.all(Array.from({ length: Math.min(OPENING, count - i) }, work));
  }
}

function expectOk({ code, tail }: WireAnswer): void {
  if (code !== 0) throw new Error(`answered ${code}: ${tail}`);
}
