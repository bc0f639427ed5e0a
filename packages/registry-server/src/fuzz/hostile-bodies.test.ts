import { routes } from "@discoveryd/protocol";
import type { RawRequest } from "./testing/raw-connection";
import { envelopeOf, useHostileNode } from "./testing/use-hostile-node";

const startNode = useHostileNode();

const MIB = 1_048_576;
/** The most that any request may keep a node busy, in milliseconds. Its size times itself would be minutes. */
const PATIENCE_MS = 3_000;

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const MULTIPART = "multipart/form-data; boundary=b";

/** Pieces that, repeated to a mebibyte, have made parsers slow or deep. */
const REPEATED = [
  ...["&", "=", "a&", "a=&", "a=b&", "+", "%", "%ff", "%zz", ",", "appid=a,,", "addrs=1.2.3.4:1,"],
  ...[
    "{",
    "[",
    '{"a":',
    "[{",
    "a={",
    "a={&",
    'a={"',
    'a={"&',
    'a={"}&',
    "a={}&",
    "a={}}",
    'a={"b":"',
    "}",
    '"',
    "\\",
    '\\"',
    "\0",
    "\n",
  ],
  ...[
    "1",
    "-",
    "é",
    "\ud83d",
    "--b",
    "--b\r\n",
    "--b\r\n\r\n",
    '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n',
  ],
];

const ways = [
  [routes.register, FORM],
  [routes.register, JSON_TYPE],
  [routes.register, MULTIPART],
  [routes.replicate, JSON_TYPE],
  [routes.renews, JSON_TYPE],
] as const;

test.each(REPEATED.map((piece) => [piece]))(
  "a mebibyte of %j is answered in time, as whatever it is sent",
  async (piece) => {
    const node = await startNode();
    const body = Buffer.from(piece.repeat(Math.ceil(MIB / Buffer.byteLength(piece)))).subarray(0, MIB);
    for (const [{ path }, type] of ways) {
      const start = performance.now();
      const { code } = envelopeOf(await node.ask(post(path, body, type)));
      expect([path, type, code]).toEqual([path, type, -400]);
      expect(performance.now() - start).toBeLessThan(PATIENCE_MS);
    }
    await node.expectUnharmed();
  },
);

function post(target: string, body: string | Buffer, type: string): RawRequest {
  return { method: "POST", target, headers: [`Content-Type: ${type}`], body };
}

/** Far more than JSON.stringify can write. */
const DEEP = 50_000;
const deepList = "[".repeat(DEEP) + "]".repeat(DEEP);
const deepObject = '{"a":'.repeat(DEEP) + "1" + "}".repeat(DEEP);

test.each([
  ["deep lists", deepList],
  ["a deep object", deepObject],
  ["an object that is no text", '{"toString":1,"valueOf":1}'],
  ["an object that says how it is written", '{"toJSON":1,"length":1e9}'],
])("%s in whatever place is answered", async (_what, value) => {
  const node = await startNode();
  const instance = '{"zone":"z","env":"e","appid":"a","hostname":"h","status":1,"addrs":[],';
  const bodies = [
    value,
    `[${value}]`,
    ...["zone", "status", "addrs", "metadata", "appid", "latest_timestamp"].map(
      (name) => `{"${name}":${value}}`,
    ),
    ...["env", "hostname"].map(
      (name) => `[{"env":"e","appid":"a","zone":"z","hostname":"h","${name}":${value}}]`,
    ),
    ...["op", "instance", "zone", "latest_timestamp"].map((name) => `[{"op":"cancel","${name}":${value}}]`),
    `[[${value},"a","z","h","1",0],["e","a","z","h",${value},0],["e","a","z","h","1",${value}]]`,
    ...["zone", "status", "addrs", "metadata", "renew_timestamp"].flatMap((name) => [
      `[{"op":"put","instance":${instance}"${name}":${value}}}]`,
      `[{"env":"e","appid":"a","digest":"","instances":[${instance}"${name}":${value}}]}]`,
    ]),
  ];
  for (const body of bodies) {
    const lists = [routes.renews, routes.replicate, routes.digests, routes.exchange];
    for (const { path } of [routes.register, routes.set, ...lists]) {
      const { code } = envelopeOf(await node.ask(post(path, body, JSON_TYPE)));
      if (code === -500) throw new Error(`${path} ${body.slice(0, 100)}: ${String(node.bugs[0])}`);
    }
  }
  await node.expectUnharmed();
});
