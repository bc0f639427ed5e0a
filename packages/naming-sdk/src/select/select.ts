import type { BuildOptions, InstancesInfo } from "../naming";
import { filter } from "./filter";
import { isScheduled, scheduleNode } from "./schedule";
import { subset } from "./subset";

export interface SelectContext {
  /** The zone that `scheduleNode: true` means. */
  readonly zone: string;
  /** What tells this client from others, unless the build options say. */
  readonly clientId: string;
}

/** The instances that build options leave: filtered, then scheduled over zones, then a subset. Changes nothing. */
export function select(
  info: InstancesInfo,
  options: BuildOptions,
  { zone, clientId }: SelectContext,
): InstancesInfo {
  let left = info;
  if (options.filter) left = filter(left, options.filter);
  const home = options.scheduleNode === true ? zone : options.scheduleNode;
  if (home !== undefined) left = scheduleNode(left, home);
  if (options.subset === undefined) return left;
  const eachZone = home !== undefined && isScheduled(left, home);
  left = subset(left, options.subset, options.clientId ?? clientId, { eachZone });
  // By now a zone may have few instances left, and has its share still: their weights make up for it.
  return eachZone ? scheduleNode(left, home) : left;
}

/** Throws an Error that names a build option that makes no sense, and what does. */
export function checkBuildOptions({ subset: size }: BuildOptions): void {
  if (size !== undefined && !(Number.isInteger(size) && size > 0)) {
    throw new Error(`build option subset = ${size}: a whole number from 1 up, or left out for all instances`);
  }
}
