import { posix } from "node:path";

/**
 * What is wrong with what a package's tarball holds, each in one line.
 *
 * @param {readonly string[]} files by their paths in the package
 * @param {(file: string) => string} read
 */
export function contentProblems(files, read) {
  const present = new Set(files);
  const manifest = JSON.parse(read("package.json"));
  return [
    ...["README.md", "LICENSE"].filter((file) => !present.has(file)).map((file) => `${file} is missing`),
    ...files
      .filter(isForTests)
      .map((file) => `${file} is for tests: exclude it from the build or from \`files\``),
    ...files.flatMap((file) => withoutSource(file, present)),
    ...files
      .filter((file) => file.endsWith(".map"))
      .flatMap((file) => lostSources(file, read(file), present)),
    ...localRanges(manifest),
  ];
}

function isForTests(file) {
  return /\.(test|e2e)\.|(^|\/)(testing|__tests__|coverage)\/|^jest\.|^tsconfig/.test(file);
}

/** A file left in dist by a source that has been renamed or deleted. */
function withoutSource(file, present) {
  const [, stem] = /^dist\/(.+?)(\.d)?\.(js|ts)(\.map)?$/.exec(file) ?? [];
  if (stem === undefined || present.has(`src/${stem}.ts`)) return [];
  return [`${file} has no source src/${stem}.ts: remove dist and build again`];
}

/** Debuggers and editors follow a map to its source: it must be there. */
function lostSources(file, text, present) {
  const { sources, sourceRoot = "" } = JSON.parse(text);
  return sources
    .map((source) => posix.join(posix.dirname(file), sourceRoot, source))
    .filter((source) => !present.has(source))
    .map((source) => `${file} leads to ${source}, which is missing`);
}

/** Ranges that only this repository understands. */
function localRanges(manifest) {
  return ["dependencies", "peerDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {})
      .filter(([, range]) => /^(workspace|file|link|portal|patch|catalog):|^[./~]*\//.test(range))
      .map(([name, range]) => `${kind}: ${name} "${range}" means nothing outside the repository`),
  );
}
