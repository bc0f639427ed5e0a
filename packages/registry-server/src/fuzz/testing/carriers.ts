import { routes, type RouteName } from "@discoveryd/protocol";
import type { RawRequest } from "./raw-connection";

/** Parameters as a client has them; a list is sent as the name repeated. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A way in which clients send parameters. */
export interface Carrier {
  readonly name: string;
  /** Whether every string can be sent: not all can say half of a surrogate pair. */
  readonly carriesHalves: boolean;
  carry(route: RouteName, fields: Fields): RawRequest;
}

export const carriers: readonly Carrier[] = [
  {
    name: "query",
    carriesHalves: false,
    carry: (name, fields) => ({ ...lineOf(name), target: `${routes[name].path}?${formOf(fields)}` }),
  },
  {
    name: "form",
    carriesHalves: false,
    carry: (name, fields) => ({ ...lineOf(name), body: formOf(fields) }),
  },
  {
    name: "JSON body",
    carriesHalves: true,
    carry: (name, fields) => ({
      ...lineOf(name),
      headers: ["Content-Type: application/json"],
      body: JSON.stringify(fields),
    }),
  },
  {
    name: "multipart body",
    carriesHalves: false,
    carry: (name, fields) => ({
      ...lineOf(name),
      headers: ["Content-Type: multipart/form-data; boundary=boundary-of-parts"],
      body: multipartOf(fields),
    }),
  },
];

function lineOf(name: RouteName): { method: string; target: string } {
  return { method: routes[name].method, target: routes[name].path };
}

function formOf(fields: Fields): string {
  return pairsOf(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join("&");
}

function multipartOf(fields: Fields): string {
  const parts = pairsOf(fields).map(
    ([name, value]) =>
      `--boundary-of-parts\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join("")}--boundary-of-parts--\r\n`;
}

function pairsOf(fields: Fields): [name: string, value: string][] {
  return Object.entries(fields).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : value).map((item): [string, string] => [name, item]),
  );
}
