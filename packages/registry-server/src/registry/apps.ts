import { INFRA_APPID } from "@discoveryd/protocol";
import { App } from "./app";
import { ownText } from "./own-text";

/** What stands for every env in the key of `infra.discovery`: nodes are found in whatever env a client asks. */
const EVERY_ENV = "*";

/** All apps, by app id and env. */
export class Apps {
  private readonly byAppid = new Map<string, Map<string, App>>();

  find(env: string, appid: string): App | undefined {
    return this.byAppid.get(appid)?.get(appid === INFRA_APPID ? EVERY_ENV : env);
  }

  /** The app, made when it is not there. */
  open(env: string, appid: string): App {
    const known = this.find(env, appid);
    if (known) return known;
    const app = new App(appid === INFRA_APPID ? EVERY_ENV : ownText(env), ownText(appid));
    const envs = this.byAppid.get(appid) ?? new Map<string, App>();
    this.byAppid.set(app.appid, envs.set(app.env, app));
    return app;
  }

  forget(app: App): void {
    const envs = this.byAppid.get(app.appid);
    if (envs?.get(app.env) !== app) return;
    envs.delete(app.env);
    if (envs.size === 0) this.byAppid.delete(app.appid);
  }

  /** App id to its apps in all envs. May be walked in slices while apps come and go. */
  groups(): IterableIterator<[string, ReadonlyMap<string, App>]> {
    return this.byAppid.entries();
  }

  *all(): IterableIterator<App> {
    for (const envs of this.byAppid.values()) yield* envs.values();
  }
}
