import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, helpText, readCommand, settingEntries, type Environment } from "./config";
import { envName, settings, type Config, type Setting, type SettingName } from "./settings";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "config-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** The path of a configuration file with this text. */
function fileWith(text: string): string {
  const path = join(directory, "discovery.toml");
  writeFileSync(path, text);
  return path;
}

function read(argv: readonly string[] = [], environment: Environment = {}): Config {
  const command = readCommand(argv, environment);
  if (command.kind !== "run") throw new Error(`not a run: ${command.kind}`);
  return command.config;
}

/** The one line that the process would end with. */
function refusal(argv: readonly string[], environment: Environment = {}): string {
  try {
    readCommand(argv, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  return "accepted";
}

/** The original's own example, all its keys. */
const EXAMPLE = `
# The nodes of one cluster.
nodes = ["127.0.0.1:7171"]
enableprotect=false

[env]
region = "sh"
zone = "sh001"
host = "test1"
DeployEnv = "dev"

[zones]
"sh002" = ["10.2.0.10:7171", "10.2.0.11:7171", "10.2.0.12:7171"]
"SH003" = ["10.3.0.10:7171"]

[httpServer]
addr = "127.0.0.1:7171"
timeout="40s"

[httpClient]
dial = "1s"
keepAlive = "120s"
timeout="40s"

[log]
stdout = true
dir = "/tmp/logs"
`;

test("without anything it is a single node on 127.0.0.1:7171", () => {
  expect(read()).toMatchObject({
    nodes: ["127.0.0.1:7171"],
    addr: "127.0.0.1:7171",
    region: "region01",
    zone: "zone01",
    deployEnv: "dev",
    host: hostname(),
    enableProtect: false,
    schedulerDir: "",
    leaseTtlMs: 90_000,
    maxConnections: 50_000,
  });
});

test("the original's own example file is read unchanged", () => {
  expect(read(["-conf", fileWith(EXAMPLE)])).toMatchObject({
    nodes: ["127.0.0.1:7171"],
    enableProtect: false,
    region: "sh",
    zone: "sh001",
    host: "test1",
    deployEnv: "dev",
    zones: new Map([
      ["sh002", ["10.2.0.10:7171", "10.2.0.11:7171", "10.2.0.12:7171"]],
      ["SH003", ["10.3.0.10:7171"]],
    ]),
    addr: "127.0.0.1:7171",
    serverTimeoutMs: 40_000,
    dialMs: 1_000,
    keepAliveMs: 120_000,
    clientTimeoutMs: 40_000,
    logStdout: true,
    logDir: "/tmp/logs",
    schedulerDir: directory,
  });
});

test("keys of the file may be written in any case", () => {
  const path = fileWith(
    'NODES = ["a:1"]\nEnableProtect = true\n[ENV]\nRegion = "r"\nDEPLOYENV = "prod"\n[HttpServer]\nADDR = ":1"',
  );
  expect(read(["--conf", path])).toMatchObject({
    nodes: ["a:1"],
    enableProtect: true,
    region: "r",
    deployEnv: "prod",
    addr: ":1",
  });
});

test("the file can be named by the environment", () => {
  expect(read([], { DISCOVERYD_CONF: fileWith(EXAMPLE) }).region).toBe("sh");
});

test("a flag beats the environment, which beats the file, which beats the default", () => {
  const path = fileWith('[env]\nregion = "file"\nzone = "file"\nhost = "file"');
  const environment = { REGION: "environment", ZONE: "environment" };
  expect(read(["--conf", path, "--region", "flag"], environment)).toMatchObject({
    region: "flag",
    zone: "environment",
    host: "file",
    deployEnv: "dev",
  });
});

test("the variables that the original knows are known", () => {
  const environment = {
    REGION: "r",
    ZONE: "z",
    DEPLOY_ENV: "prod",
    HOSTNAME: "host",
    DISCOVERY_NODES: "10.0.0.1:7171,10.0.0.2:7171",
  };
  expect(read([], environment)).toMatchObject({
    region: "r",
    zone: "z",
    deployEnv: "prod",
    host: "host",
    nodes: ["10.0.0.1:7171", "10.0.0.2:7171"],
  });
});

test("a variable of discoveryd's own beats one that others share", () => {
  expect(read([], { ZONE: "shared", DISCOVERYD_ENV_ZONE: "own" }).zone).toBe("own");
});

test("an empty variable counts as absent", () => {
  expect(read([], { ZONE: "", DISCOVERYD_LEASE_TTL: "", DISCOVERYD_CONF: "" })).toMatchObject({
    zone: "zone01",
    leaseTtlMs: 90_000,
  });
});

test.each([
  [["-zone", "z"], "zone"],
  [["--zone", "z"], "zone"],
  [["-zone=z"], "zone"],
  [["--env.zone=z"], "zone"],
  [["--ENV.Zone=z"], "zone"],
  [["-deploy.env", "z"], "deployEnv"],
  [["-hostname", "z"], "host"],
  [["-host", "z"], "host"],
  [["-region=z"], "region"],
])("%j sets %s", (argv, name) => {
  expect(read(argv)[name as SettingName]).toBe("z");
});

test("a flag for yes or no needs no value", () => {
  expect(read(["-enableprotect", "-log.stdout=false"])).toMatchObject({
    enableProtect: true,
    logStdout: false,
  });
  expect(read(["--enableprotect", "--zone", "z"])).toMatchObject({ enableProtect: true, zone: "z" });
});

test("of a flag given twice the last counts", () => {
  expect(read(["--zone", "a", "--zone", "b"]).zone).toBe("b");
});

/** For each setting a value as text, as the file has it, and as it is read. */
const samples: Record<SettingName, [text: string, toml: string, value: unknown]> = {
  nodes: ["a:1,b:2", '["a:1", "b:2"]', ["a:1", "b:2"]],
  enableProtect: ["true", "true", true],
  region: ["r", '"r"', "r"],
  zone: ["z", '"z"', "z"],
  host: ["h", '"h"', "h"],
  deployEnv: ["e", '"e"', "e"],
  zones: ["z1=a:1,b:2;z2=c:3", '{ z1 = ["a:1", "b:2"], z2 = ["c:3"] }', new Map([["z1", ["a:1", "b:2"]], ["z2", ["c:3"]]])], // prettier-ignore
  addr: ["[::1]:80", '"[::1]:80"', "[::1]:80"],
  serverTimeoutMs: ["1500", "1500", 1_500],
  maxConnections: ["7", "7", 7],
  dialMs: ["250ms", '"250ms"', 250],
  keepAliveMs: ["1m30s", '"1m30s"', 90_000],
  clientTimeoutMs: ["1.5s", '"1.5s"', 1_500],
  logStdout: ["false", "false", false],
  logDir: ["/logs", '"/logs"', "/logs"],
  logLevel: ["debug", '"debug"', "debug"],
  leaseTtlMs: ["3s", '"3s"', 3_000],
  leaseCeilingMs: ["2h", '"2h"', 7_200_000],
  leaseKeepShare: ["0.5", "0.5", 0.5],
  guardThreshold: ["1", "1", 1],
  guardMinInstances: ["0", "0", 0],
  schedulerDir: ["/s", '"/s"', "/s"],
  maxNameBytes: ["300", "300", 300],
  maxAddrs: ["2", "2", 2],
  maxAddrBytes: ["100", "100", 100],
  maxMetadataBytes: ["1024", "1024", 1_024],
  maxAppids: ["10", "10", 10],
  maxRenewals: ["10", "10", 10],
  maxHeaderBytes: ["16384", "16384", 16_384],
  maxBodyBytes: ["65536", "65536", 65_536],
};

test.each(settingEntries())("%s is set by flag, environment and file alike", (name, setting: Setting) => {
  const [text, toml, value] = samples[name];
  expect(read([`--${setting.key}`, text])[name]).toEqual(value);
  expect(read([], { [envName(setting)]: text })[name]).toEqual(value);
  const [key, table] = setting.key.split(".").reverse() as [string, string?];
  const path = fileWith(`${table === undefined ? "" : `[${table}]\n`}${key} = ${toml}`);
  expect(read(["--conf", path])[name]).toEqual(value);
});

test("every setting has its name in the help, with what it does and its default", () => {
  const help = helpText();
  for (const [, setting] of settingEntries()) {
    expect(help).toContain(`--${setting.key}`);
    expect(help).toContain(envName(setting));
    expect(help).toContain(setting.doc);
  }
  expect(help).toContain("default 90000");
});

test.each(["--help", "-help", "-h"])("%s asks for help, whatever else is wrong", (flag) => {
  expect(readCommand([flag, "--nonsense"], {})).toEqual({ kind: "help" });
});

test("--version asks for the version", () => {
  expect(readCommand(["--version"], {})).toEqual({ kind: "version" });
});

test.each([
  [
    ["--lease.ttl", "soon"],
    '--lease.ttl = "soon": must be a duration above 0, for example "90s", "1m30s" or 1500 (milliseconds)',
  ],
  [["--lease.ttl", "0"], '--lease.ttl = "0": must be a duration above 0'],
  [["--lease.ttl=-1s"], '--lease.ttl = "-1s": must be a duration above 0'],
  [
    ["--httpserver.addr", "7171"],
    '--httpserver.addr = "7171": must be host:port, for example "127.0.0.1:7171"',
  ],
  [["--httpserver.addr", "a:65536"], '--httpserver.addr = "a:65536": must be host:port'],
  [["--httpserver.addr", "http://a:1"], '--httpserver.addr = "http://a:1": must be host:port'],
  [["--nodes", ""], '--nodes = "": must be a list of host:port, for example "10.0.0.1:7171,10.0.0.2:7171"'],
  [["--nodes", "a:1,b"], '--nodes = "a:1,b": must be a list of host:port'],
  [["--zones", "a:1"], '--zones = "a:1": must be nodes by zone'],
  [["--zones", "=a:1"], '--zones = "=a:1": must be nodes by zone'],
  [["--zones", "z=a"], '--zones = "z=a": must be nodes by zone'],
  [["--enableprotect", "perhaps"], '--enableprotect = "perhaps": must be true or false'],
  [
    ["--httpserver.maxconnections", "many"],
    '--httpserver.maxconnections = "many": must be a whole number from 0 up',
  ],
  [["--httpserver.maxconnections="], '--httpserver.maxconnections = "": must be a whole number from 0 up'],
  [
    ["--httpserver.maxconnections", "-1"],
    '--httpserver.maxconnections = "-1": must be a whole number from 0 up',
  ],
  [
    ["--httpserver.maxconnections", "1.5"],
    '--httpserver.maxconnections = "1.5": must be a whole number from 0 up',
  ],
  [["--limits.name", "0x10"], '--limits.name = "0x10": must be a whole number from 0 up'],
  [["--limits.name"], "--limits.name = true: must be a whole number from 0 up"],
  [["--lease.keepshare", "1.1"], '--lease.keepshare = "1.1": must be a number from 0 to 1'],
  [["--lease.keepshare="], '--lease.keepshare = "": must be a number from 0 to 1'],
  [["--log.level", "loud"], '--log.level = "loud": must be trace, debug, info, warn, error, fatal or silent'],
  [["--zone"], "--zone = true: must be a name of 1 to 255 bytes, without commas and control characters"],
  [["--zone="], '--zone = "": must be a name of 1 to 255 bytes'],
  [["--zone", "a,b"], '--zone = "a,b": must be a name of 1 to 255 bytes'],
  [["--zone", "a\nb"], '--zone = "a\\nb": must be a name of 1 to 255 bytes'],
  [["--host", `${"x".repeat(255)}y`], "must be a name of at most 255 bytes"],
  [["--conf"], "--conf: must name a file"],
  [["--nonsense", "x"], '--nonsense = "x": no such setting; discoveryd --help lists them all'],
  [["nonsense"], 'argument "nonsense": not a flag; see discoveryd --help'],
  [["--"], 'argument "--": not a flag; see discoveryd --help'],
  [["a\nb"], 'argument "a\\nb": not a flag'],
])("%j is refused in one line: %s", (argv, message) => {
  expect(refusal(argv)).toContain(message);
});

test("a wrong variable is named", () => {
  expect(refusal([], { ZONE: "a,b" })).toContain('ZONE = "a,b": must be a name');
  expect(refusal([], { DISCOVERYD_LEASE_TTL: "x" })).toContain(
    'DISCOVERYD_LEASE_TTL = "x": must be a duration',
  );
});

test.each([
  ["nonsense = 1", "nonsense = 1: no such setting; discoveryd --help lists them all"],
  ["[env]\nnonsense = 1", "env.nonsense = 1: no such setting"],
  ["[nonsense.deep]\nx = [1]", "nonsense.deep.x = [1]: no such setting"],
  ['env = "x"', 'env = "x": no such setting'],
  ["nodes = [1]", "nodes = [1]: must be a list of host:port"],
  ["nodes = []", "nodes = []: must be a list of host:port"],
  ["[env]\nzone = 5", "env.zone = 5: must be a name of 1 to 255 bytes"],
  ["[httpserver]\nmaxconnections = true", "httpserver.maxconnections = true: must be a whole number"],
  ["[limits]\nname = []", "limits.name = []: must be a whole number"],
  ["[lease]\nkeepshare = true", "lease.keepshare = true: must be a number from 0 to 1"],
  ["[lease]\nttl = true", "lease.ttl = true: must be a duration above 0"],
  ["[lease]\nttl = 1979-05-27", 'lease.ttl = "1979-05-27": must be a duration above 0'],
  ["[zones]\nsh002 = 5", 'zones = {"sh002":5}: must be nodes by zone'],
  ["zones = 5", "zones = 5: must be nodes by zone"],
])("a file with %j is refused in one line that names the file and the key", (text, message) => {
  const path = fileWith(text);
  expect(refusal(["--conf", path])).toContain(`${path}: ${message}`);
});

test("a file that is not TOML is refused with its line", () => {
  const path = fileWith('nodes = ["127.0.0.1:7171"]\nenableprotect = \n');
  expect(refusal(["--conf", path])).toMatch(`configuration file ${path}, line 2: `);
});

test("an empty text in the file is one left out", () => {
  const path = fileWith('[env]\nregion = ""\nzone = ""\nhost = ""\nDeployEnv = ""\n[log]\ndir = ""');
  expect(read(["--conf", path], { REGION: "r" })).toMatchObject({
    region: "r",
    zone: "zone01",
    host: hostname(),
    deployEnv: "dev",
  });
});

test("a wrong value is refused, though a better source has a right one", () => {
  const path = fileWith('[lease]\nttl = "soon"');
  expect(refusal(["--conf", path, "--lease.ttl", "9s"])).toContain(
    `${path}: lease.ttl = "soon": must be a duration`,
  );
  expect(refusal(["--zone", "a"], { ZONE: "a,b" })).toContain('ZONE = "a,b": must be a name');
});

test("a setting's own flag goes before its short one", () => {
  expect(read(["--env.zone", "own", "--zone", "short"]).zone).toBe("own");
});

test("a key that is there twice in different cases is refused", () => {
  expect(refusal(["--conf", fileWith('[env]\nzone = "a"\nZone = "b"')])).toContain("env.zone: there twice");
});

test("a file that cannot be read is refused", () => {
  expect(refusal(["--conf", join(directory, "none.toml")])).toContain("none.toml: ENOENT");
  expect(refusal(["--conf", directory])).toContain("EISDIR");
});

test("a node that listens elsewhere, and names no nodes, is alone there", () => {
  expect(read(["--httpserver.addr", "127.0.0.1:9999"]).nodes).toEqual(["127.0.0.1:9999"]);
  expect(read(["--httpserver.addr", "127.0.0.1:9999", "--nodes", "127.0.0.1:7171"]).nodes).toEqual([
    "127.0.0.1:7171",
  ]);
});

test.each([":9999", "0.0.0.0:9999", "[::]:9999"])(
  "a node that listens on %s, and names no nodes, has none",
  (addr) => {
    expect(read(["--httpserver.addr", addr]).nodes).toEqual([]);
  },
);

test("every setting has a sample here", () => {
  expect(Object.keys(samples).sort()).toEqual(Object.keys(settings).sort());
});
