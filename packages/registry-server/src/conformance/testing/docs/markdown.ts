/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** Generated sections by name. */
export type Sections = Readonly<Record<string, string>>;

const SECTION = /(<!-- generated: ([a-z-]+) -->)[^]*?(<!-- end -->)/g;

/** The text with what stands between `<!-- generated: name -->` and `<!-- end -->` written anew. */
export function fillSections(text: string, sections: Sections): string {
  const left = new Set(Object.keys(sections));
  const filled = text.replace(SECTION, (_all, begin: string, name: string, end: string) => {
    if (!left.delete(name))
      throw new Error(`<!-- generated: ${name} -->: there is no such section, or it stands twice`);
    return `${begin}\n\n${sections[name]}\n\n${end}`;
  });
  if (left.size > 0) throw new Error(`no <!-- generated: … --> for ${[...left].join(", ")}`);
  return filled;
}
