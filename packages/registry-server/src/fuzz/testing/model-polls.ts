import { decodeInstancesInfo, type InstancesInfo, type Timestamp } from "@discoveryd/protocol";
import { isInfra, isShown, zoneShown, type ModelApp } from "./model-app";
import type { OpenPoll, Reply } from "./node-under-test";
import type { RegistryModel } from "./registry-model";

/** A poll as the model understands it. */
export interface ModelPoll {
  readonly route: "poll" | "polls";
  readonly client: number;
  readonly env: string;
  /** App id to the timestamp that the poller has. */
  readonly since: ReadonlyMap<string, Timestamp>;
  readonly zone: string | undefined;
  readonly empty: boolean;
  /** When it runs out, in milliseconds of the monotonic clock. */
  readonly deadline: number;
}

/** The apps that must be in a poll's answer now; it waits while there is none. */
export function newsOf(model: RegistryModel, { env, since, zone, empty }: ModelPoll): string[] {
  return [...since].flatMap(([appid, timestamp]) => {
    const app = model.app({ env, appid });
    const isNews =
      app !== undefined && app.latest > timestamp && (empty || app.shows(isInfra(app.id) ? undefined : zone));
    return isNews ? [appid] : [];
  });
}

/** A `poll` of an app that does not exist is answered -404 at once. */
export function isRefused(model: RegistryModel, { route, env, since, empty }: ModelPoll): boolean {
  if (route === "polls") return false;
  return [...since.keys()].every((appid) => {
    const app = model.app({ env, appid });
    return app === undefined || (app.instances.length === 0 && !empty);
  });
}

/**
 * What is wrong with an answer to a poll. @param exact it shows the very state that the model is in; else it may be any
 * since the last look.
 */
export function wrongIn(
  model: RegistryModel,
  poll: ModelPoll,
  open: OpenPoll,
  exact: boolean,
): string | undefined {
  const reply = open.reply as Reply;
  const news = newsOf(model, poll);
  if (reply.code === -304) {
    if ((open.repliedAt as number) < poll.deadline)
      return `-304 at ${open.repliedAt}, before ${poll.deadline}`;
    return undefined;
  }
  if (reply.code !== 0) return `code ${reply.code}: ${reply.message}`;
  const infos = infosOf(poll, reply.data);
  const appids = [...infos.keys()];
  if (exact && appids.join() !== news.join()) return `apps ${appids.join()}, not ${news.join()}`;
  if (appids.length === 0 || !appids.every((appid) => news.includes(appid)))
    return `apps ${appids.join()}: no news`;
  for (const [appid, info] of infos) {
    const wrong = wrongInfo(model.app({ env: poll.env, appid }) as ModelApp, poll, info, exact);
    if (wrong) return `${appid}: ${wrong}`;
  }
  return exact ? wrongMissing(model, poll, reply) : undefined;
}

/** App id to what the answer says of it. */
export function infosOf({ route, since }: ModelPoll, data: unknown): Map<string, InstancesInfo> {
  if (route === "poll") return new Map([[[...since.keys()][0] as string, decodeInstancesInfo(data)]]);
  return new Map(Object.entries(data as object).map(([appid, info]) => [appid, decodeInstancesInfo(info)]));
}

function wrongInfo(app: ModelApp, poll: ModelPoll, info: InstancesInfo, exact: boolean): string | undefined {
  const { latestTimestamp, instances, scheduler } = info;
  const since = poll.since.get(app.id.appid) as Timestamp;
  if (latestTimestamp <= since) return `answered ${latestTimestamp} to a poller that has ${since}`;
  if (latestTimestamp % 1_000n !== 0n) return `timestamp ${latestTimestamp} is off the grid`;
  const isNewest = latestTimestamp === app.latest;
  if ((exact && !isNewest) || latestTimestamp > app.latest)
    return `timestamp ${latestTimestamp}, not ${app.latest}`;
  const states = isNewest ? app.shown.slice(-1) : app.shown;
  if (!states.some((state) => isShown(state, zoneShown(app.id, state, poll.zone), instances, scheduler)))
    return "instances that it never had";
  if (!poll.empty && ![...instances.values()].some((list) => list.length > 0))
    return "no instance, to a poller that does not take that";
  return undefined;
}

function wrongMissing(
  model: RegistryModel,
  { route, env, since }: ModelPoll,
  reply: Reply,
): string | undefined {
  if (route === "poll") return undefined;
  const missing = [...since.keys()].filter((appid) => !model.app({ env, appid })?.instances.length);
  return missing.join() === reply.missing.join()
    ? undefined
    : `missing ${reply.missing.join()}, not ${missing.join()}`;
}
