/**
 * The examples of a README that run as they stand: its blocks that begin with ```js run.
 *
 * @param {string} markdown
 * @returns {{ file: string, text: string }[]} named by the line they begin on, and by their module format
 */
export function readmePrograms(markdown) {
  return [...markdown.matchAll(/^```js run\n(.*?)^```$/gms)].map(({ index, 1: text }) => {
    const line = markdown.slice(0, index).split("\n").length;
    return { file: `readme-line-${line}.${/^import /m.test(text) ? "mjs" : "cjs"}`, text };
  });
}
