// For `node --require`: connections of the process to a port of REROUTE (`from=to,…`) go to the other port instead, so
// that a test can cut the way from one process to another, whatever addresses they tell each other.
const net = require("node:net");

const routes = new Map(
  (process.env.REROUTE ?? "")
    .split(",")
    .filter(Boolean)
    .map((route) => route.split("=").map(Number)),
);

for (const name of ["connect", "createConnection"]) {
  const original = net[name];
  net[name] = (options, ...rest) => {
    const port = typeof options === "object" ? routes.get(Number(options.port)) : undefined;
    return original(port === undefined ? options : { ...options, port }, ...rest);
  };
}
