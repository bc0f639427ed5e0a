import type { Cost } from "./paired";
import type { Finding } from "./question";

export type Bounds = Pick<Finding, "goal" | "most" | "gate">;

/** The lines of a comparison whose first is the bare one and whose second is ours: the ratio, and what it is made of. */
export function costFindings(what: string, over: string, costs: readonly Cost[], bounds: Bounds): Finding[] {
  const [base, ours, ...rivals] = costs as [Cost, Cost, ...Cost[]];
  return [
    { what: `${what}, over ${over}`, value: ours.ratio, unit: "x", ...bounds },
    { what: `${what}, processor time`, value: ours.us, unit: "us" },
    { what: `${over}, processor time`, value: base.us, unit: "us" },
    ...rivals.flatMap((rival): Finding[] => [
      { what: `${what} at the rival, over ${over}`, value: rival.ratio, unit: "x" },
      { what: `${what} at the rival, processor time`, value: rival.us, unit: "us" },
    ]),
  ];
}
