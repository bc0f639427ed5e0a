import { metadataOf, routes, type Timestamp } from "@discoveryd/protocol";
import fc from "fast-check";
import type { Content, ModelKey } from "./model-app";
import type { ModelTrial, ToldCall } from "./model-trial";
import {
  HOSTS,
  appsTouched,
  keyArb,
  keyParams,
  ownAppArb,
  steps,
  versionArb,
  versionOf,
  zoneArb,
  type Step,
} from "./step";

const statusArb = fc.constantFrom(1 as const, 1 as const, 2 as const);
const metadataArb = fc
  .constantFrom<Record<string, string>>(
    {},
    { weight: "10" },
    { ["__proto__"]: "x" },
    { weight: "20", constructor: "" },
  )
  .map((entries) => metadataOf(Object.entries(entries)));
const contentArb: fc.Arbitrary<Content> = fc.record({
  region: fc.constant("r1"),
  addrs: fc.constantFrom(["http://10.0.0.1:80"], ["http://10.0.0.1:80", "grpc://10.0.0.1:81"]),
  version: fc.constantFrom("", "2"),
  metadata: metadataArb,
  status: statusArb,
});

interface Given {
  readonly dirty?: Timestamp | undefined;
  readonly latest?: Timestamp | undefined;
  readonly reg?: Timestamp | undefined;
  readonly replication?: boolean;
}

/** Whatever clients, peers and operators do that changes what is registered. */
export const writeSteps: readonly fc.Arbitrary<Step>[] = [
  steps("register", fc.record({ key: keyArb, content: contentArb }), (trial, { key, content }) =>
    trial.run([registering(trial, key, content)]),
  ),

  steps(
    "register a version",
    fc.record({
      key: keyArb,
      content: contentArb,
      version: versionArb,
      moved: fc.boolean(),
      replication: fc.boolean(),
    }),
    (trial, { key, content, version, moved, replication }) => {
      const dirty = versionOf(trial, key, version) as Timestamp;
      const given = moved ? { dirty, latest: dirty, reg: dirty - 5n } : { dirty };
      return trial.run([registering(trial, key, content, { ...given, replication })]);
    },
    (trial, { key, version }) => versionOf(trial, key, version) !== undefined,
  ),

  steps("renew", keyArb, (trial, key) => trial.run([renewing(trial, key)])),

  steps("renew all", fc.constant("…"), (trial) =>
    trial.run(trial.model.all().map(({ key }) => renewing(trial, key))),
  ),

  steps(
    "renew a version",
    fc.record({ key: keyArb, version: versionArb }),
    (trial, { key, version }) => trial.run([renewing(trial, key, versionOf(trial, key, version))]),
    (trial, { key, version }) => versionOf(trial, key, version) !== undefined,
  ),

  steps("cancel", keyArb, (trial, key) => trial.run([cancelling(trial, key)])),

  steps(
    "cancel a version",
    fc.record({ key: keyArb, version: fc.option(versionArb, { nil: undefined }) }),
    (trial, { key, version }) =>
      trial.run([cancelling(trial, key, version ? versionOf(trial, key, version) : 0n)]),
    (trial, { key, version }) => version === undefined || versionOf(trial, key, version) !== undefined,
  ),

  steps(
    "set",
    fc.record({
      app: ownAppArb,
      zone: zoneArb,
      hosts: fc.subarray([...HOSTS, "unknown"], { minLength: 1, maxLength: 2 }),
      status: fc.option(statusArb, { nil: undefined }),
      metadata: fc.option(metadataArb, { nil: undefined }),
      version: fc.option(versionArb, { nil: undefined }),
    }),
    (trial, { app, zone, hosts, status, metadata, version }) => {
      const key = { ...app, zone, hostname: hosts[0] as string };
      const at = version && versionOf(trial, key, version);
      const params: [string, string][] = [
        ["env", app.env],
        ["appid", app.appid],
        ["zone", zone],
      ];
      for (const host of hosts) {
        params.push(["hostname", host]);
        if (status) params.push(["status", `${status}`]);
        if (metadata) params.push(["metadata", jsonOf(metadata)]);
      }
      if (at !== undefined) params.push(["set_timestamp", `${at}`]);
      const changes = hosts.map((hostname) => ({ hostname, status, metadata }));
      return trial.run([
        { call: { route: routes.set, params }, expected: () => trial.model.set(app, zone, changes, at) },
      ]);
    },
    (trial, { app, zone, hosts }) => hosts.some((hostname) => trial.model.find({ ...app, zone, hostname })),
  ),

  // Each key once: what follows a change in the same burst would need its version, which nobody has seen.
  steps(
    "burst",
    fc.uniqueArray(fc.record({ key: keyArb, content: fc.option(contentArb) }), {
      minLength: 2,
      maxLength: 4,
      selector: ({ key }) => JSON.stringify(key),
    }),
    (trial, changes) =>
      trial.run(
        changes.map(({ key, content }) =>
          content ? registering(trial, key, content) : cancelling(trial, key),
        ),
      ),
  ),

  steps(
    "schedule",
    fc.record({ app: fc.constantFrom(...appsTouched), weight: fc.option(fc.nat(9)) }),
    (trial, { app, weight }) => {
      const zones = new Map([["z1", { weight: weight ?? 0 }]]);
      return trial.schedule(app, weight === null ? undefined : { clients: new Map([["z2", { zones }]]) });
    },
  ),

  steps("meddle", fc.constantFrom("cancel", "wait", "replace", "far ahead"), (trial, how) =>
    trial.meddle(meddling(trial, how)),
  ),
];

function registering(trial: ModelTrial, key: ModelKey, content: Content, given: Given = {}): ToldCall {
  const { dirty, latest, reg, replication = false } = given;
  const params: [string, string][] = [
    ...keyParams(key),
    ["region", content.region],
    ["version", content.version],
    ["status", `${content.status}`],
    ["metadata", jsonOf(content.metadata)],
    ...content.addrs.map((addr): [string, string] => ["addrs", addr]),
  ];
  if (dirty !== undefined) params.push(["dirty_timestamp", `${dirty}`]);
  if (latest !== undefined) params.push(["latest_timestamp", `${latest}`]);
  if (reg !== undefined) params.push(["reg_timestamp", `${reg}`]);
  if (replication) params.push(["replication", "true"]);
  const expected = () => trial.model.register({ key, content, replication, dirty, latest, reg });
  return { call: { route: routes.register, params }, expected };
}

/** @param version of a peer; a client has none. */
function renewing(trial: ModelTrial, key: ModelKey, version?: Timestamp): ToldCall {
  const params = keyParams(key);
  if (version !== undefined) params.push(["replication", "true"], ["dirty_timestamp", `${version}`]);
  return { call: { route: routes.renew, params }, expected: () => trial.model.renew(key, version) };
}

/** @param at of a peer, 0 for now; a client has none. */
function cancelling(trial: ModelTrial, key: ModelKey, at?: Timestamp): ToldCall {
  const params = keyParams(key);
  if (at !== undefined) params.push(["replication", "true"], ["latest_timestamp", `${at}`]);
  return { call: { route: routes.cancel, params }, expected: () => trial.model.cancel(key, at) };
}

/** What somebody might do to the node's own registration. */
function meddling({ node, model }: ModelTrial, how: string): ToldCall["call"][] {
  const own = keyParams(node.self);
  // Its own address: a node under another one would become its peer.
  const addr = model.find(node.self)?.content.addrs[0] as string;
  const register: [string, string][] = [...own, ["status", "2"], ["addrs", addr]];
  const far: [string, string][] = [
    ["dirty_timestamp", MAX_INT64],
    ["latest_timestamp", MAX_INT64],
  ];
  const calls: Record<string, ToldCall["call"][]> = {
    cancel: [{ route: routes.cancel, params: own }],
    wait: [{ route: routes.set, params: [...own, ["status", "2"]] }],
    replace: [{ route: routes.register, params: register }],
    "far ahead": [
      { route: routes.register, params: [...register, ...far] },
      { route: routes.cancel, params: own },
    ],
  };
  return calls[how] as ToldCall["call"][];
}

const MAX_INT64 = "9223372036854775807";

function jsonOf(metadata: Iterable<readonly [string, string]>): string {
  return `{${[...metadata].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}
