import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { FakeClock } from "@discoveryd/runtime/testing";
import { registering } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";
import { streamAll } from "./fetch-all";

const startRegistry = useRegistry();

/** Each look at it takes a millisecond. */
class BusyClock extends FakeClock {
  private passed = 0;

  override monotonic(): number {
    return this.passed++;
  }
}

test.each([
  ["at once", true],
  ["at once, and says that it is full", false],
])(
  "other requests get their turn between two slices, even when the client takes each %s",
  async (_how, taken) => {
    const { registry } = startRegistry();
    for (let i = 0; i < 100; i++) registry.register(registering({ hostname: `h${i}` }));
    const order: string[] = [];
    const res = Object.assign(new EventEmitter(), {
      destroyed: false,
      writeHead: () => undefined,
      write: () => {
        order.push("slice");
        // As Node does when the kernel has taken all there was.
        if (!taken) process.nextTick(() => res.emit("drain"));
        return taken;
      },
      end: () => order.push("end"),
    });
    streamAll(registry, res as unknown as ServerResponse, new BusyClock());
    while (!order.includes("end")) {
      await new Promise(setImmediate);
      order.push("other");
    }
    expect(order.filter((what) => what === "slice").length).toBeGreaterThan(10);
    // The head, the first slice, and the next one before this loop has its first turn.
    expect(order.join(" ")).not.toContain("slice slice slice slice");
  },
);
