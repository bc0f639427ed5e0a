// A service and a consumer in one process: registers as an instance of APPID under its HOSTNAME, and writes
// `sees: <host names>` whenever the instances of APPID that it is shown are others. SIGTERM cancels, SIGKILL does not.
const { Discovery } = require("@discoveryd/naming-sdk");

const discovery = new Discovery({ cancelOnSignals: true });
const appid = process.env.APPID;

let seen = "";
discovery.build(appid).onChange(({ instances }) => {
  const names = [...instances.values()].flat().map(({ hostname }) => hostname);
  const sees = names.sort().join(",");
  if (sees !== seen) console.log(`sees: ${sees}`);
  seen = sees;
});

void discovery.register({ appid, addrs: ["grpc://127.0.0.1:9000"] }).then(() => console.log("registered"));
