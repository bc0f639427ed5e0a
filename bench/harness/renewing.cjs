// Keeps instances alive at a registry: node renewing.cjs <sdk|bare> <port> <clients> <instances of each client>. Answers any
// message when all are registered. Renews about once a second: with the SDK, or each by one bare request of undici.
const { setTimeout: sleep } = require("node:timers/promises");
const { Discovery } = require("@discoveryd/naming-sdk");
const { Pool } = require("undici");
const { answerParent } = require("./answer-parent.cjs");

const INTERVAL_MS = 1_000;
const ENV = "bench";
const APPID = "bench.renewing";

const [kind, port, clients, instances] = process.argv.slice(2);
const kinds = { sdk: renewWithSdk, bare: renewBare };

const started = Promise.all(Array.from({ length: Number(clients) }, (_, client) => kinds[kind](client)));

answerParent(async () => {
  await started;
});

async function renewWithSdk(client) {
  const discovery = new Discovery({
    nodes: [`127.0.0.1:${port}`],
    env: ENV,
    host: `host-${client}`,
    renewIntervalMs: INTERVAL_MS,
  });
  for (let i = 0; i < instances; i++) {
    const hostname = `host-${client}-${i}`;
    await discovery.register({ appid: APPID, hostname, addrs: ["grpc://10.0.0.1:9000"] });
  }
}

async function renewBare(client) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1 });
  const key = `region=region01&zone=zone01&env=${ENV}&appid=${APPID}&hostname=host-${client}`;
  await post(pool, "/discovery/register", `${key}&status=1&addrs=grpc://10.0.0.1:9000`);
  void keepRenewing(pool, key);
}

async function keepRenewing(pool, key) {
  for (;;) {
    // A tenth sooner at most, as the SDK does.
    await sleep(INTERVAL_MS * (1 - 0.1 * Math.random()));
    await post(pool, "/discovery/renew", key);
  }
}

async function post(pool, path, body) {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await pool.request({ method: "POST", path, headers, body });
  const { code, message } = await answer.body.json();
  if (code !== 0) throw new Error(`${path}: ${code} ${message}`);
}
