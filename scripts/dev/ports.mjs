import { createServer } from "node:net";
import { PlanError } from "./plan.mjs";

/** Resolves when all ports can be listened on. Rejects with a PlanError: one line a port that cannot. */
export async function freePorts(ports) {
  const problems = await Promise.all(ports.map(problemWith));
  const found = problems.filter((problem) => problem !== undefined);
  if (found.length > 0) throw new PlanError(found.join("\ndev: "));
}

function problemWith({ host, port, what, variable }) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => {
      if (error.code === "EADDRINUSE") {
        resolve(`port ${port} (${what}) is in use: free it, or choose another with ${variable}`);
      } else {
        resolve(
          `cannot listen on ${host}:${port} (${what}): ${error.message}; change DEMO_HOST or ${variable}`,
        );
      }
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
