import type { BuildOptions } from "@discoveryd/naming-sdk";

export type BalancerName = "p2c" | "wrr";

/** What a target asks for. */
export interface Target {
  readonly scheme: string;
  /** The app, or for `direct` the addresses: whom the builder is asked for. */
  readonly name: string;
  readonly build: BuildOptions;
  /** Undefined when the target leaves it open. */
  readonly balancer?: BalancerName;
}

/** A target as grpc-js takes it apart: the query is still part of the path. */
export interface TargetUri {
  readonly scheme?: string;
  readonly authority?: string;
  readonly path: string;
}

/** Reads a target from its text. Throws as `parseTargetUri` does. */
export function parseTarget(text: string): Target {
  const [, scheme, authority, path] = /^(?:([A-Za-z0-9+.-]+):)?(?:\/\/([^/]*)\/)?(.*)$/s.exec(text) ?? [];
  return parseTargetUri({
    path: path ?? "",
    ...(scheme === undefined ? {} : { scheme }),
    ...(authority === undefined ? {} : { authority }),
  });
}

/**
 * Reads `discovery://default/<appid>?zone=&cluster=&cluster=&subset=50&balancer=p2c` or
 * `direct://default/<ip:port>,<ip:port>`. Instances come from the client's own zone unless `zone` says otherwise, at
 * most 50 of them unless `subset` does (0: all). A query key without a value counts as left out.
 *
 * Throws an Error that quotes the target, says what is wrong with it and shows the right form.
 */
export function parseTargetUri(uri: TargetUri): Target {
  const fail = failFor(uri);
  if (uri.scheme === undefined) throw fail("it has no scheme");
  if (uri.authority === undefined) throw fail("there is nothing after the authority");
  // Nothing reads an authority: one that looks like a registry's address would be ignored in silence.
  if (uri.authority !== "default" && uri.authority !== "") throw fail('the authority is not "default"');

  const [name = "", query = ""] = split(uri.path);
  const options = parseQuery(query, fail);
  const balancer = options.balancer === undefined ? {} : { balancer: options.balancer };
  if (uri.scheme === "direct") {
    checkAddresses(name, fail);
    return { scheme: uri.scheme, name, build: directOptions(options), ...balancer };
  }
  if (name === "") throw fail("the app is empty");
  if (/[\s/#]/.test(name)) throw fail(`the app ${JSON.stringify(name)} has a space, "/" or "#" in it`);
  return { scheme: uri.scheme, name, build: appOptions(options), ...balancer };
}

interface Query {
  readonly zone?: string;
  readonly clusters: readonly string[];
  readonly subset?: number;
  readonly balancer?: BalancerName;
}

const defaultSubset = 50;

function appOptions({ zone, clusters, subset = defaultSubset }: Query): BuildOptions {
  return {
    filter: clusters.length > 0 ? { scheme: "grpc", clusters } : { scheme: "grpc" },
    scheduleNode: zone ?? true,
    ...(subset === 0 ? {} : { subset }),
  };
}

// Addresses written down one by one are all meant: no zone is looked at, and no default subset taken.
function directOptions({ subset = 0 }: Query): BuildOptions {
  return { filter: { scheme: "grpc" }, ...(subset === 0 ? {} : { subset }) };
}

type Fail = (reason: string) => Error;

function parseQuery(query: string, fail: Fail): Query {
  const values = new Map<string, string[]>([
    ["zone", []],
    ["cluster", []],
    ["subset", []],
    ["balancer", []],
  ]);
  for (const [key, value] of new URLSearchParams(query)) {
    const known = values.get(key);
    if (known === undefined) {
      throw fail(`the query key ${JSON.stringify(key)} is none of ${[...values.keys()].join(", ")}`);
    }
    if (value !== "") known.push(value);
  }
  const once = (key: string) => {
    const [value, second] = values.get(key) ?? [];
    if (second !== undefined) throw fail(`${key} is given twice`);
    return value;
  };
  const [zone, subset, balancer] = [once("zone"), once("subset"), once("balancer")];
  return {
    clusters: values.get("cluster") ?? [],
    ...(zone === undefined ? {} : { zone }),
    ...(subset === undefined ? {} : { subset: parseSubset(subset, fail) }),
    ...(balancer === undefined ? {} : { balancer: parseBalancer(balancer, fail) }),
  };
}

function parseSubset(value: string, fail: Fail): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw fail(`subset ${JSON.stringify(value)} is not a whole number from 0 up`);
}

function parseBalancer(value: string, fail: Fail): BalancerName {
  if (value === "p2c" || value === "wrr") return value;
  throw fail(`balancer ${JSON.stringify(value)} is neither p2c nor wrr`);
}

function checkAddresses(list: string, fail: Fail): void {
  for (const address of list.split(",")) {
    const [, port] = /^(?:\[[0-9a-fA-F:.]+\]|[^:[\]\s/]+):(\d{1,5})$/.exec(address) ?? [];
    if (!(Number(port) >= 1 && Number(port) <= 65_535)) {
      throw fail(`${JSON.stringify(address)} is not an address as 127.0.0.1:9000 or [::1]:9000`);
    }
  }
}

function split(path: string): [string, string] {
  const at = path.indexOf("?");
  return at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}

function failFor(uri: TargetUri): Fail {
  const { scheme, authority, path } = uri;
  const text = `${scheme === undefined ? "" : `${scheme}:`}${authority === undefined ? "" : `//${authority}/`}${path}`;
  const form =
    scheme === "direct"
      ? "direct://default/<ip:port>,<ip:port>"
      : `${scheme ?? "discovery"}://default/<appid>?zone=&cluster=&subset=50&balancer=p2c`;
  return (reason) => new Error(`target ${JSON.stringify(text)} is not valid: ${reason}. Write it as ${form}`);
}
