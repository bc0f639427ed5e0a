import { differences } from "./differences";
import { explain } from "./testing/explain";
import { LongPolls } from "./testing/long-polls";
import { parseExchanges, readRecording } from "./testing/recording";
import { Replay } from "./testing/replay";
import { FRONTS, Simulation } from "./testing/simulation";

// Seconds of simulated traffic in real sockets: on a busy machine more than the usual 5 s.
jest.setTimeout(30_000);

const singleNode = readRecording("go-v1.2.0-single-node.txt");
const longPolls = readRecording("go-v1.2.0-long-poll.txt");

describe.each(FRONTS)("through the %s", (front) => {
  let replay: Replay;

  beforeAll(async () => {
    // The recorded node kept everybody: no instance of it renews, and none goes.
    const simulation = new Simulation({ leaseTtlMs: 3_600_000 }, front);
    await simulation.start();
    replay = new Replay(simulation);
    // The recording begins when the node had renewed itself once.
    await simulation.advance(57_000);
    await replay.replayExchanges(singleNode);
    await new LongPolls(replay, longPolls).run();
    await simulation.close();
  });

  test("every request of the recordings was sent", () => {
    const answers = parseExchanges(singleNode).length + (longPolls.match(/^([AB] )?\(/gm) ?? []).length;
    // Beside them two facts about timestamps, and the answer that breaks off.
    expect(replay.compared).toHaveLength(answers + 3);
  });

  test("every answer is as recorded, but for what the table of differences explains", () => {
    expect(explain(replay.findings, differences).unexplained).toEqual([]);
  });

  test("every row of the table of differences is still needed", () => {
    expect(explain(replay.findings, differences).stale).toEqual([]);
  });

  test("a replay leaves no timer and no poll behind", () => {
    expect(replay.simulation.clock.pending).toBe(0);
  });
});
