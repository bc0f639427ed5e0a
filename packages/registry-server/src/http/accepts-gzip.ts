import type { IncomingMessage } from "node:http";
import { headerOf } from "./header-of";

/** Whether the client takes gzip, as every Go client does by itself. `gzip;q=0` and a bare `*` do not say so. */
export function acceptsGzip(req: IncomingMessage): boolean {
  const accepted = headerOf(req, "accept-encoding");
  if (accepted === undefined) return false;
  if (accepted === "gzip") return true;
  return accepted.split(",").some((coding) => {
    const [name, ...params] = coding.split(";").map((part) => part.trim().toLowerCase());
    return name === "gzip" && !params.some((param) => /^q\s*=\s*0(\.0*)?$/.test(param));
  });
}
