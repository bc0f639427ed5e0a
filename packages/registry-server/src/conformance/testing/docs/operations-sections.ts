import { settingEntries, shownDefault } from "../../../config";
import { counters, gauges, labelled, peerMetrics } from "../../../metrics/metrics";
import type { Setting, SettingName } from "../../../settings";
import { settingAdvice } from "./advice";
import { code, table, type Sections } from "./markdown";

/** What docs/operations.md takes from the tables. */
export function operationsSections(): Sections {
  return {
    settings: table(
      ["key", "default", "what it does", "when to change it", "environment and flags beside the usual"],
      settingEntries().map(settingRow),
    ),
    metrics: table(["metric", "type", "labels", "meaning"], metricRows()),
  };
}

function settingRow([name, setting]: [SettingName, Setting]): string[] {
  const names = [...(setting.env ?? []), ...(setting.flags ?? []).map((flag) => `--${flag}`)];
  return [
    code(setting.key),
    code(isDuration(name) ? duration(setting.default as number) : shownDefault(setting)),
    setting.doc,
    settingAdvice[name],
    names.map(code).join(" "),
  ];
}

function isDuration(name: SettingName): boolean {
  return name.endsWith("Ms");
}

/** As it would be written in the file. */
function duration(ms: number): string {
  return ms % 3_600_000 === 0 ? `"${ms / 3_600_000}h"` : `"${ms / 1_000}s"`;
}

function metricRows(): string[][] {
  const { requests, brokenSchedules } = labelled;
  return [
    ...gauges.map(({ name, help }) => [code(name), "gauge", "", help]),
    ...counters.map(({ name, help }) => [code(name), "counter", "", help]),
    [code(requests.name), "counter", labels(requests.labelNames), requests.help],
    ...peerMetrics.map(({ name, type, help }) => [code(name), type, labels(["peer", "zone"]), help]),
    [code(brokenSchedules.name), "gauge", labels(brokenSchedules.labelNames), brokenSchedules.help],
  ];
}

function labels(names: readonly string[]): string {
  return names.map(code).join(" ");
}
