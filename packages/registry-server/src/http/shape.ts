import type { IncomingMessage } from "node:http";
import type { View } from "../registry/views";
import { headerOf } from "./header-of";

/** How this client reads instances: brpc wants one flat list, and has no way to say so but its name. */
export function shapeOf(asked: string | undefined, req: IncomingMessage): View["shape"] {
  const isFlat =
    asked === "flat" || (asked === undefined && headerOf(req, "user-agent")?.startsWith("brpc/") === true);
  return isFlat ? "flat" : "zones";
}
