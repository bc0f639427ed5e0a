import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fillSections, type Sections } from "./markdown";
import { openapi } from "./openapi";
import { operationsSections } from "./operations-sections";
import { protocolSections } from "./protocol-sections";

/** A document in the repository's folder `docs`. */
export interface Document {
  readonly path: string;
  /** As it is; empty when it is not there. */
  readonly current: string;
  /** As the tables in the code have it. */
  readonly expected: string;
}

const DOCS = join(__dirname, "../../../../../../docs");

/** The documents that are written from tables, wholly or in sections. */
export function documents(): Document[] {
  const description = join(DOCS, "openapi.json");
  return [
    markdown("protocol.md", protocolSections()),
    markdown("operations.md", operationsSections()),
    { path: description, current: read(description), expected: `${JSON.stringify(openapi(), null, 2)}\n` },
  ];
}

function markdown(name: string, sections: Sections): Document {
  const path = join(DOCS, name);
  const current = read(path);
  return { path, current, expected: fillSections(current, sections) };
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
