import { FRONTS } from "./testing/simulation";
import { Enclosure } from "./testing/zoo/enclosure";
import { HEARTBEAT_MS } from "./testing/zoo/stand-in";
import { zoo } from "./testing/zoo/zoo";

// Seconds of simulated traffic in real sockets: on a busy machine more than the usual 5 s.
jest.setTimeout(30_000);

/** More than a lease, a poll and a heartbeat: whatever comes back regularly comes in it. */
const LONG_MS = 120_000;

const ways = zoo.flatMap((animal) => FRONTS.map((front) => ({ ...animal, animal, front })));

describe.each(ways)("$name through the $front", ({ animal, front }) => {
  let enclosure: Enclosure;

  beforeEach(async () => {
    enclosure = new Enclosure(animal, front);
    await enclosure.open();
  });

  afterEach(async () => {
    await enclosure.close();
    expect(enclosure.simulation.clock.pending).toBe(0);
  });

  test("registers what it means", async () => {
    await enclosure.standIn.register();

    expect(await enclosure.ownInstance()).toMatchObject({
      zone: "sh001",
      env: "prod",
      appid: "own",
      hostname: "h1",
      addrs: ["http://127.0.0.1:8000", "grpc://127.0.0.1:9000"],
      metadata: { weight: "10" },
      status: 1,
    });
  });

  test("keeps its lease by renewing", async () => {
    await enclosure.standIn.register();
    const before = await enclosure.ownInstance();

    await enclosure.simulation.advance(LONG_MS);

    const after = await enclosure.ownInstance();
    expect(after).toEqual({ ...before, renew_timestamp: after?.["renew_timestamp"] });
    expect(after?.["renew_timestamp"]).toBeGreaterThan(before?.["renew_timestamp"] as bigint);
  });

  test("registers again when the registry has forgotten it", async () => {
    await enclosure.standIn.register();
    await enclosure.forget();

    await enclosure.simulation.advance(HEARTBEAT_MS + 1_000);

    expect(await enclosure.ownInstance()).toMatchObject({ hostname: "h1", status: 1 });
  });

  test("takes its registration back", async () => {
    await enclosure.standIn.register();

    await enclosure.standIn.cancel();
    await enclosure.simulation.advance(HEARTBEAT_MS + 1_000);

    expect(await enclosure.ownInstance()).toBeUndefined();
  });

  test("sees every change of the app it watches", async () => {
    const seen: string[][] = [];
    const look = async () => {
      await enclosure.notice();
      seen.push(enclosure.seen);
    };
    await look();
    await enclosure.comes("u1", 1001);
    await look();
    await enclosure.comes("u2", 1002);
    await look();
    await enclosure.becomes("u1", 2);
    await look();
    await enclosure.becomes("u1", 1);
    await look();
    await enclosure.goes("u2");
    await look();

    const [u1, u2] = ["127.0.0.1:1001", "127.0.0.1:1002"];
    expect(seen).toEqual([[], [u1], [u1, u2], [u2], [u1, u2], [u1]]);
  });

  test("waits on when the last instance goes, and sees the next one come", async () => {
    await enclosure.comes("u1", 1001);
    await enclosure.notice();
    await enclosure.goes("u1");
    await enclosure.simulation.advance(LONG_MS);

    await enclosure.comes("u2", 1002);
    await enclosure.notice();

    expect(enclosure.seen).toEqual(["127.0.0.1:1002"]);
  });

  test("sends at most 3 requests a second while nothing changes", async () => {
    await enclosure.standIn.register();
    const nobody = await enclosure.busiestSecond(LONG_MS);
    await enclosure.comes("u1", 1001);
    await enclosure.notice();
    const up = await enclosure.busiestSecond(LONG_MS);
    await enclosure.becomes("u1", 2);
    await enclosure.notice();
    const waiting = await enclosure.busiestSecond(LONG_MS);
    await enclosure.goes("u1");
    await enclosure.notice();
    const gone = await enclosure.busiestSecond(LONG_MS);

    for (const most of [nobody, up, waiting, gone]) {
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(3);
    }
  });
});
