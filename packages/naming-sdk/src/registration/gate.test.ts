import { settle } from "../testing/until";
import { Gate } from "./gate";

const never = new AbortController().signal;

/** Who has come in, in order. */
async function enterAll(gate: Gate, names: readonly string[]): Promise<string[]> {
  const inside: string[] = [];
  for (const name of names) void gate.enter(never).then(() => inside.push(name));
  await settle();
  return inside;
}

test("so many are let in at a time, the others in order as room is made", async () => {
  const gate = new Gate(2);
  const inside = await enterAll(gate, ["a", "b", "c", "d"]);
  expect(inside).toEqual(["a", "b"]);
  gate.leave();
  await settle();
  expect(inside).toEqual(["a", "b", "c"]);
  gate.leave();
  gate.leave();
  await settle();
  expect(inside).toEqual(["a", "b", "c", "d"]);
});

test("when all have left there is room again", async () => {
  const gate = new Gate(1);
  await gate.enter(never);
  gate.leave();
  await expect(gate.enter(never)).resolves.toBe(true);
});

test("who gives up waits no longer, and takes nobody's place", async () => {
  const gate = new Gate(1);
  await gate.enter(never);
  const controller = new AbortController();
  const given = gate.enter(controller.signal);
  const next = gate.enter(never);
  controller.abort();
  await expect(given).resolves.toBe(false);
  gate.leave();
  await expect(next).resolves.toBe(true);
  await expect(gate.enter(controller.signal)).resolves.toBe(false);
});
