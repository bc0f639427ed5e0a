import { INFRA_APPID, POLL_WAIT_MS, TIMEOUT_HEADER, routes, type Timestamp } from "@discoveryd/protocol";
import fc from "fast-check";
import type { AppId } from "./model-app";
import type { ModelPoll } from "./model-polls";
import type { ModelTrial } from "./model-trial";
import { APPS, ENVS, ZONES, appsTouched, oftenFirst, steps, type Step } from "./step";

const CLIENTS = 3;
const zoneArb = fc.option(fc.constantFrom(...ZONES, "nowhere"), { nil: undefined, freq: 2 });

/** Whatever clients ask, and the time that passes. */
export const readSteps: readonly fc.Arbitrary<Step>[] = [
  steps(
    "fetch",
    fc.record({
      app: fc.constantFrom(...appsTouched),
      zone: zoneArb,
      status: fc.integer({ min: 1, max: 3 }),
    }),
    (trial, { app, zone, status }) => trial.fetch(app, zone, status),
  ),

  // Several times: polls are what most of the rules are about.
  polling("poll"),
  polling("polls"),
  polling("polls"),

  steps(
    "hang up",
    fc.nat(9),
    (trial, which) => trial.hangUp([trial.openPolls[which % trial.openPolls.length] as ModelPoll]),
    (trial) => trial.openPolls.length > 0,
  ),

  steps("advance", fc.constantFrom(1, 100, 999, 5_000, 20_000, 30_000, 61_000), (trial, ms) =>
    trial.advance(ms),
  ),
  steps("advance far", fc.constantFrom(91_000, 200_000, 700_000), (trial, ms) => trial.advance(ms)),

  steps("jump", fc.constantFrom(-600_000, -1_000, 1_000, 600_000), (trial, ms) =>
    Promise.resolve(trial.node.clock.jump(ms)),
  ),
];

function polling(route: "poll" | "polls"): fc.Arbitrary<Step> {
  const asked = fc.record({
    client: fc.nat(CLIENTS - 1),
    env: oftenFirst(ENVS),
    appids: fc.subarray([...APPS, INFRA_APPID], { minLength: 1, maxLength: route === "poll" ? 1 : 3 }),
    zone: zoneArb,
    empty: fc.boolean(),
    back: fc.constantFrom(0, 0, 0, 1, Infinity),
    timeoutMs: fc.constantFrom(undefined, undefined, 1_000, 10_000),
  });
  return steps(
    route,
    asked,
    (trial, { client, env, appids, zone, empty, back, timeoutMs }) => {
      const since = new Map(appids.map((id) => [id, sinceOf(trial, client, { env, appid: id }, back)]));
      const params: [string, string][] = [
        ["env", env],
        ["hostname", "poller"],
      ];
      for (const [appid, timestamp] of since)
        params.push(["appid", appid], ["latest_timestamp", `${timestamp}`]);
      if (zone) params.push(["zone", zone]);
      if (empty) params.push(["empty", "1"]);
      const headers: Record<string, string> =
        timeoutMs === undefined ? {} : { [TIMEOUT_HEADER]: `${timeoutMs}` };
      const deadline = trial.node.clock.monotonic() + Math.min(POLL_WAIT_MS, (timeoutMs ?? Infinity) - 20);
      const poll = { route, client, env, since, zone, empty, deadline };
      return trial.poll(poll, { route: routes[route], params, headers });
    },
    // An empty app is forgotten some time after 10 minutes: whether just now is not said.
    (trial, { env, appids }) => appids.every((appid) => !isPerhapsForgotten(trial, { env, appid })),
  );
}

/** The last of the clients reads JSON numbers as doubles, and sends what it prints. */
function sinceOf(trial: ModelTrial, client: number, app: AppId, back: number): Timestamp {
  const held = trial.held(client, app, back);
  return client === CLIENTS - 1 ? BigInt(String(JSON.parse(`${held}`))) : held;
}

function isPerhapsForgotten({ model, node }: ModelTrial, id: AppId): boolean {
  const emptySince = model.app(id)?.emptySince;
  return emptySince !== undefined && emptySince < node.clock.monotonic() - 599_000;
}
