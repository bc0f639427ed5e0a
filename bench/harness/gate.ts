import type { Finding } from "./question";
import { line, medianOf } from "./report";

/** One line for each ratio beyond its gate. Throws when nothing has a gate: a check that cannot fail is none. */
export function gateFailures(findings: readonly Finding[]): string[] {
  const gated = findings.filter(({ gate }) => gate !== undefined);
  if (gated.length === 0) throw new Error("no figure has a gate");
  return gated
    .filter((finding) => !(medianOf(finding) <= (finding.gate as number)))
    .map((finding) => `${line(finding)} is over ${finding.gate}`);
}
