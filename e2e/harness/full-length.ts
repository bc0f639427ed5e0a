/** Whether to run at full length, which takes minutes: `E2E_FULL=1`. The default shows the same in seconds. */
export const FULL = process.env["E2E_FULL"] === "1";
