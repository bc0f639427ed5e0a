/** Runs checks one after another, says how each went, and counts. */
export class Checks {
  passed = 0;
  failed = 0;

  /**
   * Runs one check. It fails when it returns problems, and when it throws: whether the rest still makes sense is the
   * caller's to say.
   *
   * @param {string} name
   * @param {() => Promise<readonly string[] | void> | readonly string[] | void} check
   * @returns {Promise<boolean>} whether it passed
   */
  async run(name, check) {
    const startedAt = performance.now();
    const problems = await problemsOf(check);
    const passed = problems.length === 0;
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    console.log(`${passed ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
    for (const problem of problems) console.log(`     ${problem.trimEnd().replaceAll("\n", "\n     ")}`);
    if (passed) this.passed++;
    else this.failed++;
    return passed;
  }
}

async function problemsOf(check) {
  try {
    return (await check()) ?? [];
  } catch (error) {
    // A failed command has said more on its way than its error does.
    return [[error.message, error.stdout, error.stderr].filter(Boolean).join("\n")];
  }
}
