import { codeText, codes, routes, type Param, type ParamKind, type Route } from "@discoveryd/protocol";
import { settings } from "../../../settings";
import { differences } from "../../differences";
import { code, table, type Sections } from "./markdown";

/** How each kind of parameter is read. */
export const kinds: Readonly<Record<ParamKind, string>> = {
  text: "text: no control character, no comma",
  texts: "several texts: the name repeated, or one value joined by commas",
  addrs:
    "several addresses, each `scheme://host[:port]` or `ip:port`, a port from 1 to 65535: repeated, or joined by commas",
  number: "a small integer",
  numbers: "several integers: repeated, or joined by commas",
  timestamp: "an int64, exact; nanoseconds since the epoch",
  timestamps: "several of those: repeated, or joined by commas",
  flag: "`1 t T true TRUE True` are true, everything else is false",
  metadata: "a JSON object whose values become strings",
  metadatas: "several of those: the name repeated, never split on commas",
};

/** What docs/protocol.md takes from the tables. */
export function protocolSections(): Sections {
  return {
    codes: table(
      ["code", "meaning"],
      Object.values(codes).map((value) => [String(value), codeText(value)]),
    ),
    kinds: table(
      ["kind", "how it is read"],
      Object.entries(kinds).map(([kind, text]) => [kind, text]),
    ),
    limits: limitsTable(),
    routes: allRoutes().map(routeText).join("\n\n"),
    differences: table(
      ["section", "the original", "discoveryd", "why"],
      differences.map(({ section, original, ours, reason }) => [`${section}`, original, ours, reason]),
    ),
  };
}

export function allRoutes(): Route[] {
  return Object.values(routes);
}

function limitsTable(): string {
  const rows = Object.values(settings)
    .filter(({ key }) => key.startsWith("limits."))
    .map(({ key, doc, default: value }) => [doc.replace(/\.$/, ""), String(value), code(key)]);
  return table(["what", "at most", "setting"], rows);
}

function routeText(route: Route): string {
  const heading = `### ${route.method} ${route.path}`;
  const answers = ["0", "-400", "-500", ...route.codes.map(String)].map(code).join(" ");
  return [heading, route.doc, paramsText(route), `Codes: ${answers}.`].join("\n\n");
}

function paramsText({ params, body }: Route): string {
  const rows = Object.entries(params).map(([name, param]) => [
    code(name),
    param.kind,
    presence(param),
    param.doc.replace(/^./, (first) => first.toUpperCase()),
  ]);
  const text = rows.length === 0 ? "No parameters." : table(["parameter", "kind", "", "meaning"], rows);
  return body === "json" ? `${text}\n\nThe body is JSON; parameters come in the query alone.` : text;
}

function presence({ required, fromPeer }: Param): string {
  if (fromPeer) return "from nodes";
  return required ? "required" : "";
}
