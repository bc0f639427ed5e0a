import type { ServerResponse } from "node:http";
import { STATUS_CODE_HEADER } from "@discoveryd/protocol";
import { soon, type Clock } from "@discoveryd/runtime";
import type { App } from "../registry/app";
import type { Registry } from "../registry/registry";

/** Other requests get their turn after so many milliseconds of encoding, */
const SLICE_MS = 5;
/** or so many characters: to write them takes time, too. */
const SLICE_CHARS = 131_072;

/**
 * Writes every instance, by app id over all envs, in slices and no faster than the client reads. What changes
 * meanwhile may or may not be seen; every instance that stays is there once.
 */
export function streamAll(registry: Registry, res: ServerResponse, clock: Clock): void {
  res.writeHead(200, ["Content-Type", "application/json; charset=utf-8", STATUS_CODE_HEADER, "0"]);
  res.write(`{"code":0,"message":"0","ttl":1,"data":{`);
  const chunks = encodeAll(registry);
  const run = () => {
    if (res.destroyed) return;
    const end = clock.monotonic() + SLICE_MS;
    let text = "";
    do {
      const next = chunks.next();
      if (next.done === true) {
        res.end(`${text}}}`);
        return;
      }
      text += next.value;
    } while (text.length < SLICE_CHARS && clock.monotonic() < end);
    // Node tells of a write that the kernel took at once before it returns to the event loop: soon, not now.
    if (res.write(text)) soon(run);
    else res.once("drain", () => soon(run));
  };
  run();
}

/** Pieces of text that together are the members of `data`, at most one instance each. */
function* encodeAll(registry: Registry): Generator<string> {
  let first = true;
  for (const [appid, envs] of registry.apps.groups()) {
    let open = false;
    for (const text of instancesOf(envs)) {
      yield open ? `,${text}` : `${first ? "" : ","}${JSON.stringify(appid)}:[${text}`;
      open = true;
      first = false;
    }
    if (open) yield "]";
  }
}

function* instancesOf(envs: ReadonlyMap<string, App>): Generator<string> {
  for (const app of envs.values()) {
    for (const zone of app.zones.values()) {
      // A copy: the zone may change between two slices.
      for (const stored of [...zone.all()]) yield stored.encode();
    }
  }
}
