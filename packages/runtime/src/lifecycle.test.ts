import { Lifecycle } from "./lifecycle";

function recorder() {
  const closed: string[] = [];
  const part = (name: string) => ({ close: () => void closed.push(name) });
  return { closed, part };
}

test("parts are closed in reverse order, each when the one before it has closed", async () => {
  const { closed, part } = recorder();
  const lifecycle = new Lifecycle();
  lifecycle.own(part("socket"));
  lifecycle.own({
    close: async () => {
      await new Promise(setImmediate);
      closed.push("slow");
    },
  });
  lifecycle.onClose(() => void closed.push("function"));
  await lifecycle.close();
  expect(closed).toEqual(["function", "slow", "socket"]);
});

test("own gives back what it was given", () => {
  const { part } = recorder();
  const owned = part("a");
  expect(new Lifecycle().own(owned)).toBe(owned);
});

test("the last part begins to close within close", () => {
  const { closed, part } = recorder();
  const lifecycle = new Lifecycle();
  lifecycle.own(part("a"));
  void lifecycle.close();
  expect(closed).toEqual(["a"]);
});

test("closing twice closes each part once", async () => {
  const { closed, part } = recorder();
  const lifecycle = new Lifecycle();
  lifecycle.own(part("a"));
  await Promise.all([lifecycle.close(), lifecycle.close()]);
  await lifecycle.close();
  expect(closed).toEqual(["a"]);
});

test("a part that fails does not keep the others open, and close rejects with the first failure", async () => {
  const { closed, part } = recorder();
  const lifecycle = new Lifecycle();
  lifecycle.own(part("a"));
  lifecycle.onClose(() => Promise.reject(new Error("second")));
  lifecycle.onClose(() => {
    throw new Error("first");
  });
  await expect(lifecycle.close()).rejects.toThrow("first");
  expect(closed).toEqual(["a"]);
});

test("it is closed from the moment close is called", () => {
  const lifecycle = new Lifecycle();
  const seen: boolean[] = [lifecycle.closed];
  lifecycle.onClose(() => void seen.push(lifecycle.closed));
  void lifecycle.close();
  expect([...seen, lifecycle.closed]).toEqual([false, true, true]);
});

test("a part that closes the lifecycle while it is closed itself changes nothing", async () => {
  const { closed, part } = recorder();
  const lifecycle = new Lifecycle();
  lifecycle.own(part("a"));
  lifecycle.onClose(() => {
    closed.push("caller");
    void lifecycle.close();
  });
  await lifecycle.close();
  expect(closed).toEqual(["caller", "a"]);
});

describe("what is added after close", () => {
  test("is closed at once", async () => {
    const { closed, part } = recorder();
    const lifecycle = new Lifecycle();
    await lifecycle.close();
    lifecycle.own(part("late"));
    expect(closed).toEqual(["late"]);
  });

  test("is closed at once even while another part hangs, or after one failed", async () => {
    const { closed, part } = recorder();
    const failing = new Lifecycle();
    failing.onClose(() => Promise.reject(new Error("failed")));
    await expect(failing.close()).rejects.toThrow("failed");
    failing.own(part("after a failure"));
    const hanging = new Lifecycle();
    hanging.onClose(() => new Promise(() => undefined));
    void hanging.close();
    hanging.own(part("beside one that hangs"));
    expect(closed).toEqual(["after a failure", "beside one that hangs"]);
  });

  test("is waited for by the next close, which tells its failure", async () => {
    const lifecycle = new Lifecycle();
    await lifecycle.close();
    lifecycle.onClose(() => Promise.reject(new Error("late")));
    await new Promise(setImmediate);
    await expect(lifecycle.close()).rejects.toThrow("late");
  });
});
