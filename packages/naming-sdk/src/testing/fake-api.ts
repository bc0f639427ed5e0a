import type { Clock } from "@discoveryd/runtime";
import type { AppsAnswer, RegistryApi } from "../http/registry-api";
import type { InstancesInfo } from "../naming";

/** A call of `polls` or `fetchs`, which a test answers when it likes. */
export interface FakeCall {
  readonly name: "polls" | "fetchs";
  readonly node: string;
  readonly at: number;
  /** What was asked: the timestamp of each app; 0 for all of a fetchs. */
  readonly asked: ReadonlyMap<string, bigint>;
  readonly isOver: () => boolean;
  readonly answer: (apps: Record<string, InstancesInfo>, unreadable?: readonly string[]) => void;
  readonly unchanged: () => void;
  readonly fail: (message?: string) => void;
}

/** The registry's reads, as calls that wait for the test. */
export class FakeApi implements Pick<RegistryApi, "polls" | "fetchs"> {
  readonly calls: FakeCall[] = [];
  /** Answers calls as they come, in place of the test. */
  onCall: (call: FakeCall) => void = () => undefined;

  constructor(private readonly clock: Clock) {}

  polls: RegistryApi["polls"] = (node, _env, known, signal) => this.call("polls", node, known, signal);

  fetchs: RegistryApi["fetchs"] = (node, _env, appids, signal) =>
    this.call("fetchs", node, new Map(appids.map((appid) => [appid, 0n])), signal) as Promise<AppsAnswer>;

  /** The calls by that name so far. */
  named(name: FakeCall["name"]): FakeCall[] {
    return this.calls.filter((call) => call.name === name);
  }

  /** The last call by that name. */
  last(name: FakeCall["name"]): FakeCall {
    const call = this.named(name).at(-1);
    if (!call) throw new Error(`no ${name} yet`);
    return call;
  }

  private call(
    name: FakeCall["name"],
    node: string,
    asked: ReadonlyMap<string, bigint>,
    signal: AbortSignal | undefined,
  ): Promise<AppsAnswer | "unchanged"> {
    let isOver = false;
    return new Promise<AppsAnswer | "unchanged">((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      const call: FakeCall = {
        name,
        node,
        at: this.clock.monotonic(),
        asked,
        isOver: () => isOver,
        answer: (apps, unreadable = []) =>
          resolve({
            apps: new Map(Object.entries(apps)),
            unreadable: new Map(unreadable.map((appid) => [appid, new Error("unreadable")])),
          }),
        unchanged: () => resolve("unchanged"),
        fail: (message = "down") => reject(new Error(message)),
      };
      this.calls.push(call);
      this.onCall(call);
    }).finally(() => (isOver = true));
  }
}
