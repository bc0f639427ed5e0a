import {
  CodedError,
  POLL_WAIT_MS,
  STATUS_UP,
  TIMEOUT_HEADER,
  codes,
  routes,
  type Args,
  type Timestamp,
} from "@discoveryd/protocol";
import type { Clock } from "@discoveryd/runtime";
import type { App } from "../registry/app";
import { isInfra, type Registry } from "../registry/registry";
import type { Subscriptions } from "../registry/subscriptions";
import type { View } from "../registry/views";
import { notModifiedAnswer, type Answer } from "./answer";
import type { Call } from "./call";
import { endpoint, type Endpoint } from "./dispatcher";
import { headerOf } from "./header-of";
import type { HeldPolls } from "./held-polls";
import type { Limits } from "./limits";
import { PollsBodies } from "./polls-bodies";
import { checkAppids } from "./read-routes";
import { shapeOf } from "./shape";

export interface PollRoutesOptions {
  readonly registry: Registry;
  readonly subscriptions: Subscriptions;
  readonly held: HeldPolls;
  readonly clock: Clock;
  readonly limits: Limits;
  /** The longest an answer may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** What a poller asks for. */
interface Interest {
  readonly env: string;
  /** App id to the timestamp that the poller has. */
  readonly since: ReadonlyMap<string, Timestamp>;
  readonly view: View;
  /** An app without an instance to show is news, too. */
  readonly empty: boolean;
}

/**
 * A poll's answer shows heartbeats at most this old, in milliseconds: what wakes a thousand pollers is encoded once, and
 * not anew for each heartbeat that comes while they are told.
 */
const HEARTBEAT_AGE_MS = 1_000;

const NONE: readonly string[] = [];

/** An answer leaves so many milliseconds before the client gives up. */
const MARGIN_MS = 20;

/** The long polls. */
export function pollRoutes(options: PollRoutesOptions): Endpoint[] {
  const { registry, limits, clock } = options;
  const bodies = new PollsBodies();
  const readView = (app: App, { view }: Interest) =>
    app.read(viewOf(app, view), clock.monotonic(), HEARTBEAT_AGE_MS);

  const readPolls = (interest: Interest): Answer | undefined => {
    if (interest.since.size === 1) return readOneOfPolls(interest);
    const news: App[] = [];
    const missing: string[] = [];
    for (const [appid, since] of interest.since) {
      const app = registry.apps.find(interest.env, appid);
      if (!app?.exists(undefined)) missing.push(appid);
      if (app && isNews(app, since, interest)) news.push(app);
    }
    if (news.length === 0) return undefined;
    const infos = news.map((app) => [app.appid, readView(app, interest).info] as const);
    return { code: codes.ok, body: bodies.of(infos, missing) };
  };

  /** As nearly all ask, ten thousand of them at once: nothing is made for it but the answer. */
  const readOneOfPolls = (interest: Interest): Answer | undefined => {
    for (const [appid, since] of interest.since) {
      const app = registry.apps.find(interest.env, appid);
      if (!app || !isNews(app, since, interest)) return undefined;
      const missing = app.exists(undefined) ? NONE : [appid];
      return { code: codes.ok, body: bodies.ofOne(appid, readView(app, interest).info, missing) };
    }
    return undefined;
  };

  const readPoll = (interest: Interest): Answer | undefined => {
    const [[appid, since]] = [...interest.since] as [[string, Timestamp]];
    const app = registry.apps.find(interest.env, appid);
    if (app && isNews(app, since, interest)) {
      return { code: codes.ok, body: readView(app, interest).answer };
    }
    if (app?.exists(undefined) || (app && interest.empty)) return undefined;
    throw new CodedError(codes.notFound, `${appid} has no instance in env ${interest.env}`);
  };

  return [
    endpoint(routes.poll, (args, call) => {
      const interest = interestOf(args, call, new Map([[args.appid, args.latest_timestamp ?? 0n]]));
      return readPoll(interest) ?? wait(interest, readPoll, call, options);
    }),
    endpoint(routes.polls, (args, call) => {
      checkAppids(args.appid, limits);
      const interest = interestOf(args, call, sinceOf(args));
      return readPolls(interest) ?? wait(interest, readPolls, call, options);
    }),
  ];
}

function interestOf(
  args: Args<typeof routes.poll> | Args<typeof routes.polls>,
  call: Call,
  since: ReadonlyMap<string, Timestamp>,
): Interest {
  return {
    env: args.env,
    since,
    view: { zone: args.zone, status: STATUS_UP, shape: shapeOf(args.shape, call.req) },
    empty: args.empty,
  };
}

function sinceOf({ appid, latest_timestamp }: Args<typeof routes.polls>): Map<string, Timestamp> {
  if (appid.length !== latest_timestamp.length) {
    throw new CodedError(
      codes.badRequest,
      `parameter latest_timestamp: ${latest_timestamp.length} values for ${appid.length} apps; give as many`,
    );
  }
  const since = new Map<string, Timestamp>();
  for (const [i, timestamp] of latest_timestamp.entries()) {
    const id = appid[i] as string;
    const known = since.get(id);
    // Of an app named twice, what is news to one of the two is news.
    if (known === undefined || timestamp < known) since.set(id, timestamp);
  }
  return since;
}

/**
 * Whether an app has something new for a poller. An answer without a single instance makes every Go client poll again
 * at once, for ever: so for a poller that has not asked for it an empty app is no news, and it keeps waiting.
 */
function isNews(app: App, since: Timestamp, { view, empty }: Interest): boolean {
  return app.latestTimestamp > since && (empty || app.shows(viewOf(app, view)));
}

/** A client waits in its constructor until it knows a node of the registry: where its zone has none, any will do. */
function viewOf(app: App, view: View): View {
  return view.zone !== undefined && isInfra(app) && !app.shows(view) ? { ...view, zone: undefined } : view;
}

/** Holds the request until one of its apps has news, the time is up, or the client has gone. */
function wait(
  interest: Interest,
  read: (interest: Interest) => Answer | undefined,
  call: Call,
  { subscriptions, held, clock, timeoutMs }: PollRoutesOptions,
): undefined {
  const leave = subscriptions.add({
    env: interest.env,
    appids: [...interest.since.keys()],
    notify(app) {
      if (!isNews(app, interest.since.get(app.appid) as Timestamp, interest)) return false;
      const answer = read(interest);
      if (answer) call.answer(answer);
      return answer !== undefined;
    },
  });
  const stopTimer = clock.after(waitMs(call, timeoutMs), () => call.answer(notModifiedAnswer));
  const release = held.add((last) => call.answer(notModifiedAnswer, last));
  call.onOver(() => {
    leave();
    stopTimer();
    release();
  });
  return undefined;
}

function waitMs(call: Call, timeoutMs: number): number {
  const asked = Number(headerOf(call.req, TIMEOUT_HEADER));
  // Anything but a number of milliseconds above 0 says nothing.
  const client = asked > 0 ? asked : Infinity;
  return Math.max(0, Math.min(POLL_WAIT_MS, client - MARGIN_MS, timeoutMs - MARGIN_MS));
}
