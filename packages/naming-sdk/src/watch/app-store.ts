import { isDeepStrictEqual } from "node:util";
import { Emitter, systemClock, type Clock } from "@discoveryd/runtime";
import type { InstancesInfo } from "../naming";
import { needsAnotherNode, next, type AppEvent, type AppState, type ForgetPolicy } from "./app-state";

export interface AppStoreOptions extends Partial<ForgetPolicy> {
  readonly clock?: Clock;
}

/** A lease (90 s) and a heartbeat (30 s): whatever lives has renewed with a node that lost it, and is known again. */
const FORGET_AFTER_MS = 120_000;
/** A heartbeat, and time for the register that follows when it is refused. */
const REJOIN_MS = 35_000;

/** One app: its last good answer, and who wants to hear of the next. */
export class WatchedApp {
  private state: AppState = { kind: "waiting" };
  /** Emits each new state, synchronously. */
  readonly changes = new Emitter<InstancesInfo>();

  constructor(
    readonly appid: string,
    private readonly clock: Clock,
    private readonly policy: ForgetPolicy,
  ) {}

  /** The last good answer. */
  get info(): InstancesInfo | undefined {
    return this.state.kind === "waiting" ? undefined : this.state.info;
  }

  /** The node asked last does not know the app, and it is time to ask another one. */
  get needsAnotherNode(): boolean {
    return needsAnotherNode(this.state, this.clock.monotonic(), this.policy);
  }

  /** Takes an event in, and tells of it if it changes what consumers see. True when it has a new timestamp. */
  take(event: AppEvent): boolean {
    const before = this.info;
    this.state = next(this.state, event, this.clock.monotonic(), this.policy);
    const { info } = this;
    if (info === undefined || info === before) return false;
    const isNew = info.lastTs !== before?.lastTs;
    // Two nodes can have one timestamp for different states: one of them missed an earlier change.
    if (isNew || !isDeepStrictEqual(info, before)) this.changes.emit(info);
    return isNew;
  }
}

/** The apps that are watched, by appid. */
export class AppStore {
  private readonly apps = new Map<string, WatchedApp>();
  private readonly clock: Clock;
  private readonly policy: ForgetPolicy;

  constructor({
    clock = systemClock,
    forgetAfterMs = FORGET_AFTER_MS,
    rejoinMs = REJOIN_MS,
  }: AppStoreOptions = {}) {
    this.clock = clock;
    this.policy = { forgetAfterMs, rejoinMs };
  }

  /** The app, from now on watched. */
  open(appid: string): WatchedApp {
    let app = this.apps.get(appid);
    if (!app) this.apps.set(appid, (app = new WatchedApp(appid, this.clock, this.policy)));
    return app;
  }

  get(appid: string): WatchedApp | undefined {
    return this.apps.get(appid);
  }

  remove(appid: string): void {
    this.apps.delete(appid);
  }

  /** No node answers. */
  outage(): void {
    for (const app of this.apps.values()) app.take({ kind: "outage" });
  }
}
