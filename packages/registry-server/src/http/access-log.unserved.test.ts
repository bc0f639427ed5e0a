import { useNodes, type LogLine, type TestNode } from "../testing/use-node";

const start = useNodes();

function requests(node: TestNode): LogLine[] {
  return node.logs.filter(({ source }) => source === "http-access-log");
}

describe.each([
  ["the dispatcher", false],
  ["Express", true],
])("by way of %s", (_way, viaExpress) => {
  test.each([
    ["GET", "/discovery/nope", 404, "404 page not found"],
    ["POST", "/discovery/fetch/", 404, "404 page not found"],
    ["GET", "/discovery/", 404, "404 page not found"],
    ["GET", "/discovery/register", 405, "Method Not Allowed"],
    ["HEAD", "/discovery/nodes", 405, "Method Not Allowed"],
  ] as const)("%s %s is a warning with the original's fields", async (method, path, status, text) => {
    const node = await start({ viaExpress });
    const headers = { "x1-bmspy-user": "main.account", "x1-bmspy-timeout": "1500" };
    const reply = await node.request({ method, path: `${path}?env=dev&appid=provider`, headers });
    expect(reply.status).toBe(status);
    expect(requests(node)).toEqual([
      {
        level: 40,
        time: expect.any(Number) as number,
        method,
        path,
        params: "env=dev&appid=provider",
        ip: "127.0.0.1",
        user: "main.account",
        ret: status,
        msg: text,
        err: "",
        ts: 0,
        timeout_quota: 1.5,
        source: "http-access-log",
      },
    ]);
  });

  test("a whole URL as the target is shown as its path", async () => {
    const node = await start({ viaExpress });
    const reply = await node.request({ method: "GET", path: "http://me:s3cret@registry/discovery/nope?a=b" });
    expect(reply.status).toBe(404);
    expect(requests(node)).toEqual([expect.objectContaining({ path: "/discovery/nope", params: "" })]);
    expect(JSON.stringify(node.logs)).not.toContain("s3cret");
  });

  test("parameters that nobody knows, metadata and bodies are not shown", async () => {
    const node = await start({ viaExpress });
    const query = { token: "s3cret", metadata: '{"password":"s3cret"}', zone: "sh001" };
    await node.request({
      method: "GET",
      path: `/discovery/register?${new URLSearchParams(query).toString()}`,
    });
    await node.post("/discovery/nope", { zone: "s3cret" });
    expect(requests(node).map(({ params }) => params)).toEqual(["zone=sh001", ""]);
    expect(JSON.stringify(node.logs)).not.toContain("s3cret");
  });

  test("a line stays short, however long the request", async () => {
    const node = await start({ viaExpress });
    const long = "x".repeat(20_000);
    const path = `/discovery/${long}?${new URLSearchParams({ env: long, appid: long, addrs: long }).toString()}`;
    await node.request({ method: "GET", path, headers: { "x1-bmspy-user": long } });
    expect(requests(node)).toHaveLength(1);
    expect(requests(node)[0]?.["path"]).toBe(`/discovery/${"x".repeat(245)}`);
    expect(JSON.stringify(requests(node)[0]).length).toBeLessThan(2_000);
  });

  test.each(["/", "/discovery", "/discoveryx", "/nope", "//discovery/nope", "/%", "/healthz"])(
    "%s is outside, and not logged",
    async (path) => {
      const node = await start({ viaExpress });
      await node.get(path);
      expect(requests(node)).toEqual([]);
    },
  );
});
