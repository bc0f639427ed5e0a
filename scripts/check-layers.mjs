// Fails when an import crosses a layer of scripts/layers.json, when files import each other in a circle, and when a
// workspace imports what its package.json does not name. Imports of types count: a circle of types is still a circle.
//
//   node scripts/check-layers.mjs [repository]
import { join } from "node:path";
import { Layers } from "./layers/layers.mjs";

const layers = new Layers(process.argv[2] ?? join(import.meta.dirname, ".."));
const problems = layers.problems();
for (const problem of problems) console.error(problem);
console.log(
  `${layers.files.length} files in ${layers.workspaces.length} workspaces, ${problems.length} problems`,
);
process.exitCode = problems.length > 0 ? 1 : 0;
