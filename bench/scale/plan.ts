/** How much of everything a run takes. */
export interface Plan {
  readonly instances: number;
  /** Over how many apps they are spread, the big one among them. */
  readonly apps: number;
  /** So many of the instances are in one app, which changes once a second. */
  readonly bigApp: number;
  /** Polls that hang on the other apps. */
  readonly polls: number;
  /** Polls that hang on the big app, and come again after each answer. */
  readonly watchers: number;
  readonly changes: number;
  readonly fetchAlls: number;
}

export const quickPlan: Plan = {
  instances: 5_000,
  apps: 500,
  bigApp: 250,
  polls: 900,
  watchers: 100,
  changes: 5,
  fetchAlls: 3,
};

// One process holds 20,000 file descriptors where this was written: polls, watchers, the load's own connections.
export const fullPlan: Plan = {
  instances: 100_000,
  apps: 10_000,
  bigApp: 5_000,
  polls: 18_700,
  watchers: 1_000,
  changes: 20,
  fetchAlls: 5,
};

export const ENV = "bench";
export const BIG_APP = "scale.big-app";
/** A client's heartbeat, in milliseconds. */
export const HEARTBEAT_MS = 30_000;

/** The app of an instance, by its number. */
export function appidOf({ bigApp, apps }: Plan, instance: number): string {
  if (instance < bigApp) return BIG_APP;
  const app = instance % (apps - 1);
  return `scale.team-${app % 7}.app-${app}`;
}

/** What identifies an instance, as a form. An app's instances are spread over three zones. */
export function keyForm(plan: Plan, instance: number): string {
  const zone = (instance < plan.bigApp ? instance : Math.floor(instance / (plan.apps - 1))) % 3;
  return `env=${ENV}&appid=${appidOf(plan, instance)}&zone=zone-${zone}&hostname=host-${instance}.example`;
}

/** A register as clients send it: two addresses, some metadata. */
export function registerForm(plan: Plan, instance: number): string {
  const ip = `10.${(instance >> 16) & 255}.${(instance >> 8) & 255}.${instance & 255}`;
  const metadata = encodeURIComponent(
    JSON.stringify({ weight: "10", cluster: "main", build: `${instance % 1_000}` }),
  );
  return (
    `${keyForm(plan, instance)}&status=1&region=region-1&version=1.4.${instance % 10}&metadata=${metadata}` +
    `&addrs=http://${ip}:8000&addrs=grpc://${ip}:9000`
  );
}
