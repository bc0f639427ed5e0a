/** The color of this process' calls, from `DEPLOY_COLOR`. Empty: none. */
export function processColor(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env["DEPLOY_COLOR"] ?? "";
}
