import { seededRandom } from "@discoveryd/runtime";
import { readClientConfig, type WardenClientConfig } from "./config";
import { MethodRules } from "./method-rules";

function useRules(config: WardenClientConfig) {
  let settings = readClientConfig(config);
  const rules = new MethodRules({
    settings: () => settings,
    random: seededRandom(1),
  });
  return { rules, reload: (next: WardenClientConfig) => (settings = readClientConfig(next)) };
}

test("each method has its own breaker", () => {
  const { rules } = useRules({});
  expect(rules.breakerOf("/a.B/C")).toBe(rules.breakerOf("/a.B/C"));
  expect(rules.breakerOf("/a.B/C")).not.toBe(rules.breakerOf("/a.B/D"));
});

test("a breaker remembers what it has seen when something else is reloaded", () => {
  const { rules, reload } = useRules({ breaker: { k: 2 } });
  const before = rules.breakerOf("/a.B/C");
  reload({ breaker: { k: 2 }, timeout: "1s" });
  expect(rules.breakerOf("/a.B/C")).toBe(before);
  reload({ breaker: { k: 3 }, timeout: "1s" });
  expect(rules.breakerOf("/a.B/C")).not.toBe(before);
});

test("a method's word on its breaker wins over the client's", () => {
  const { rules } = useRules({
    breaker: false,
    method: { "/a.B/C": { breaker: true }, "/a.B/D": { timeout: 1 } },
  });
  expect(rules.breakerOf("/a.B/C")).toBeDefined();
  expect(rules.breakerOf("/a.B/D")).toBeUndefined();
  expect(useRules({ method: { "/a.B/C": { breaker: false } } }).rules.breakerOf("/a.B/C")).toBeUndefined();
});
