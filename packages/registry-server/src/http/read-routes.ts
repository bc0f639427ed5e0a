import { CodedError, badParameter, codes, routes, type Args } from "@discoveryd/protocol";
import type { Clock } from "@discoveryd/runtime";
import type { NodeState } from "../cluster/cluster";
import type { App } from "../registry/app";
import type { Registry } from "../registry/registry";
import type { View } from "../registry/views";
import { bufferAnswer, dataAnswer, okAnswer } from "./answer";
import type { Call } from "./call";
import { endpoint, type Endpoint } from "./dispatcher";
import { streamAll } from "./fetch-all";
import type { Limits } from "./limits";
import { shapeOf } from "./shape";

export interface ReadRoutesOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly limits: Limits;
  /** The nodes of the own zone. */
  readonly nodes: () => readonly NodeState[];
}

/** The routes that answer at once with what is registered. */
export function readRoutes({ registry, clock, limits, nodes }: ReadRoutesOptions): Endpoint[] {
  return [
    endpoint(routes.fetch, (args, call) => {
      const view = viewOf(args, call);
      const app = registry.apps.find(args.env, args.appid);
      if (!app?.exists(args.zone)) throw notFound(args);
      return { code: codes.ok, body: app.read(view, clock.monotonic()).answer };
    }),
    endpoint(routes.fetchs, (args, call) => {
      checkAppids(args.appid, limits);
      const view = viewOf(args, call);
      const apps = [...new Set(args.appid)]
        .map((appid) => registry.apps.find(args.env, appid))
        .filter((app) => app !== undefined && app.exists(args.zone)) as App[];
      return bufferAnswer(joinInfos(apps.map((app) => [app.appid, app.read(view, clock.monotonic()).info])));
    }),
    endpoint(routes.fetchAll, (_args, call) => {
      streamAll(registry, call.res, clock);
      call.answeredAlready(okAnswer);
      return undefined;
    }),
    endpoint(routes.nodes, () =>
      dataAnswer(
        `[${nodes()
          .map(
            ({ addr, lost, zone }) =>
              `{"addr":${JSON.stringify(addr)},"status":${lost ? 1 : 0},"zone":${JSON.stringify(zone)}}`,
          )
          .join(",")}]`,
      ),
    ),
  ];
}

/** At most so many apps in one request: -400 names the limit. */
export function checkAppids(appids: readonly string[], { maxAppids }: Limits): void {
  if (appids.length <= maxAppids) return;
  throw new CodedError(codes.badRequest, `parameter appid: ${appids.length} apps, at most ${maxAppids}`);
}

/** `{"<appid>":<info>,…}` of encoded infos. */
export function joinInfos(infos: readonly (readonly [appid: string, info: Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  for (const [appid, info] of infos) {
    parts.push(Buffer.from(`${parts.length === 0 ? "{" : ","}${JSON.stringify(appid)}:`), info);
  }
  parts.push(Buffer.from(parts.length === 0 ? "{}" : "}"));
  return Buffer.concat(parts);
}

function viewOf(args: Args<typeof routes.fetch> | Args<typeof routes.fetchs>, call: Call): View {
  if (args.status < 0) throw badParameter("status", args.status, "must be 1 (up), 2 (waiting) or 3 (both)");
  return { zone: args.zone, status: args.status, shape: shapeOf(args.shape, call.req) };
}

function notFound({ env, appid, zone }: Args<typeof routes.fetch>): CodedError {
  const where = zone === undefined ? `env ${env}` : `env ${env}, zone ${zone}`;
  return new CodedError(codes.notFound, `${appid} has no instance in ${where}`);
}
