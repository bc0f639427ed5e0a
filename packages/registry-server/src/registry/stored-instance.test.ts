import { encodeInstance } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { StoredInstance } from "./stored-instance";

test("an instance is encoded with its last heartbeat", () => {
  const instance = instanceWith();
  const stored = new StoredInstance(instance, 5);
  expect(stored.encode()).toBe(encodeInstance(instance));
  stored.renew(9_000n, 6);
  expect(stored.encode()).toBe(encodeInstance({ ...instance, renewTimestamp: 9_000n }));
  expect(stored.renewedAt).toBe(6);
});

test("a new state is encoded anew, with its own last heartbeat", () => {
  const stored = new StoredInstance(instanceWith(), 0);
  stored.encode();
  const instance = instanceWith({ version: "2", renewTimestamp: 8_000n });
  stored.replace(instance);
  expect(stored.encode()).toBe(encodeInstance(instance));
  expect(stored.instance).toBe(instance);
});

test("the version tells states apart, and not heartbeats", () => {
  const stored = new StoredInstance(instanceWith(), 0);
  const version = stored.version();
  stored.renew(9_000n, 6);
  expect(stored.version()).toBe(version);
  expect(new StoredInstance(instanceWith(), 7).version()).toBe(version);
  stored.replace(instanceWith({ dirtyTimestamp: 4_001n }));
  expect(stored.version()).not.toBe(version);
});
