import type { Difference, Place } from "../differences";
import type { Finding } from "./compare";

/** How the findings of a comparison and the table of differences fit together. Empty lists: exactly. */
export interface Explanation {
  /** Findings that no row of the table explains, or more than one. */
  readonly unexplained: readonly Finding[];
  /** Places of the table where nothing differs any more. */
  readonly stale: readonly { readonly ours: string; readonly place: Place }[];
}

/** Holds findings against the table. */
export function explain(findings: readonly Finding[], differences: readonly Difference[]): Explanation {
  return {
    unexplained: findings.filter(
      (finding) =>
        differences.filter(({ places }) => places.some((place) => isAt(finding, place))).length !== 1,
    ),
    stale: differences.flatMap(({ ours, places }) =>
      places
        .filter((place) => !findings.some((finding) => isAt(finding, place)))
        .map((place) => ({ ours, place })),
    ),
  };
}

function isAt(finding: Finding, { request, path, recorded, ours }: Place): boolean {
  return (
    request.test(finding.request) &&
    path.test(finding.path) &&
    (recorded === undefined || recorded.test(finding.recorded)) &&
    (ours === undefined || ours.test(finding.ours))
  );
}
