import type { Finding } from "./question";

const GROUP = new Intl.NumberFormat("en");

/** Figures as a Markdown table. */
export function table(findings: readonly Finding[]): string {
  const rows = findings.map((finding) => [
    finding.what,
    valueText(finding),
    finding.goal === undefined ? "" : shown(finding.goal, finding.unit),
    finding.most === undefined
      ? ""
      : `${shown(finding.most, finding.unit)}${missed(finding) ? " **missed**" : ""}`,
  ]);
  const lines = [["what", "median (quartiles)", "goal", "at most"], ["---", "---", "---", "---"], ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A figure and what is expected of it, in one line. */
export function line(finding: Finding): string {
  const { goal, most, unit } = finding;
  const bounds = [
    goal === undefined ? "" : `goal ${shown(goal, unit)}`,
    most === undefined ? "" : `at most ${shown(most, unit)}${missed(finding) ? ": MISSED" : ""}`,
  ].filter(Boolean);
  return `${finding.what}: ${valueText(finding)}${bounds.length > 0 ? ` [${bounds.join(", ")}]` : ""}`;
}

export function medianOf({ value }: Finding): number {
  return typeof value === "number" ? value : value.median;
}

function missed(finding: Finding): boolean {
  return finding.most !== undefined && medianOf(finding) > finding.most;
}

function valueText({ value, unit }: Finding): string {
  if (typeof value === "number") return shown(value, unit);
  return `${shown(value.median, unit)} (${bare(value.lower)} to ${bare(value.upper)})`;
}

function shown(value: number, unit: Finding["unit"]): string {
  return `${bare(value)}${unit === "" ? "" : unit === "x" ? " x" : ` ${unit}`}`;
}

function bare(value: number): string {
  if (Math.abs(value) >= 1_000) return GROUP.format(Math.round(value));
  return value
    .toPrecision(3)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}
