/**
 * Prints what a test has measured, on a line of its own: `figures of <what>: <value> <name>, …`. Tests assert rules with
 * generous bounds; how far from them this machine is, is read here.
 */
export function printFigures(what: string, figures: Readonly<Record<string, number | string>>): void {
  const list = Object.entries(figures).map(([name, value]) => `${format(value)} ${name}`);
  // Not console.log: jest puts a stack around what it prints.
  process.stdout.write(`figures of ${what}: ${list.join(", ")}\n`);
}

function format(value: number | string): string {
  return typeof value === "string" || Number.isInteger(value) ? String(value) : value.toFixed(1);
}
