import { gzipSync } from "node:zlib";
import { FakeClock } from "@discoveryd/runtime/testing";
import { answer } from "../testing/fake-registry";
import { useClosing, useRegistries } from "../testing/fixtures";
import { until } from "../testing/until";
import { Transport, type HttpRequest } from "./transport";

const closing = useClosing();
const registries = useRegistries();

function get(origin: string, fields: Partial<HttpRequest> = {}): HttpRequest {
  return { method: "GET", origin, path: "/discovery/nodes", timeoutMs: 1_000, ...fields };
}

test("the body of a good answer comes back, whatever its pieces", async () => {
  const registry = await registries.start();
  registry.lie = (_request, response) => {
    const bytes = Buffer.from("grüße");
    response.write(bytes.subarray(0, 3)); // within a character of two bytes
    setImmediate(() => response.end(bytes.subarray(3)));
    return true;
  };
  const transport = closing(new Transport());
  await expect(transport.send(get(registry.origin))).resolves.toBe("grüße");
});

test("a form arrives as a form", async () => {
  const registry = await registries.start();
  const transport = closing(new Transport());
  const request = get(registry.origin, { method: "POST", path: "/discovery/renew", body: "appid=a%20b" });
  await transport.send(request);
  expect(registry.requests[0]?.params.get("appid")).toBe("a b");
});

test("another status is an error that shows the beginning of the page", async () => {
  const registry = await registries.start();
  registry.lie = (_request, response) => {
    response.writeHead(502, { "content-type": "text/html" }).end("<html>\n  <h1>Bad Gateway</h1>\n</html>");
    return true;
  };
  const transport = closing(new Transport());
  await expect(transport.send(get(registry.origin))).rejects.toThrow("HTTP 502: <html> <h1>Bad Gateway</h1>");
});

test("an answer that does not come ends at the deadline", async () => {
  const registry = await registries.start();
  registry.lie = () => true;
  const clock = new FakeClock();
  const transport = closing(new Transport({ clock }));
  const sent = transport.send(get(registry.origin, { timeoutMs: 40_000 }));
  const failed = expect(sent).rejects.toThrow("timed out after 40000 ms");
  await until(() => registry.requests.length === 1);
  await clock.advance(40_000);
  await failed;
  expect(clock.pending).toBe(0);
});

test("an answer that never ends, ends at the deadline", async () => {
  const registry = await registries.start();
  registry.lie = (_request, response) => {
    response.write('{"code":0,');
    return true;
  };
  const clock = new FakeClock();
  const transport = closing(new Transport({ clock }));
  const failed = expect(transport.send(get(registry.origin))).rejects.toThrow("timed out after 1000 ms");
  await until(() => registry.requests.length === 1);
  await clock.advance(1_000);
  await failed;
});

test("an answer that is too long is not read to its end", async () => {
  const registry = await registries.start();
  registry.lie = (_request, response) => {
    response.end("x".repeat(1_001));
    return true;
  };
  const transport = closing(new Transport({ maxBodyBytes: 1_000 }));
  await expect(transport.send(get(registry.origin))).rejects.toThrow("an answer of more than 1000 bytes");
});

describe("gzip", () => {
  /** A registry that answers with this, as it says packed in this way. */
  async function packed(body: Buffer, encoding: string) {
    const registry = await registries.start();
    const asked: string[] = [];
    registry.lie = (_request, response) => {
      asked.push(String(response.req.headers["accept-encoding"]));
      response.setHeader("content-encoding", encoding);
      response.end(body);
      return true;
    };
    return { registry, asked };
  }

  test("is asked for and unpacked", async () => {
    const { registry, asked } = await packed(gzipSync("grüße"), "gzip");
    await expect(closing(new Transport()).send(get(registry.origin))).resolves.toBe("grüße");
    expect(asked).toEqual(["gzip"]);
  });

  test("is not asked for where the answer is short", async () => {
    const { registry, asked } = await packed(Buffer.from("{}"), "identity");
    const post = get(registry.origin, { method: "POST", body: "appid=a" });
    await expect(closing(new Transport()).send(post)).resolves.toBe("{}");
    expect(asked).toEqual(["undefined"]);
  });

  test("is not unpacked beyond the limit", async () => {
    const { registry } = await packed(gzipSync("x".repeat(1_001)), "gzip");
    const transport = closing(new Transport({ maxBodyBytes: 1_000 }));
    await expect(transport.send(get(registry.origin))).rejects.toThrow("an answer of more than 1000 bytes");
  });

  test.each([
    [
      "cut off",
      gzipSync("x".repeat(1_000)).subarray(0, 20),
      "gzip",
      "an answer that is not the gzip it says it is",
    ],
    ["no gzip", Buffer.from("{}"), "gzip", "an answer that is not the gzip it says it is"],
    ["something else", Buffer.from("{}"), "br", "an answer packed as br: gzip was asked for"],
  ])("that is %s is an error that says so", async (_what, body, encoding, message) => {
    const { registry } = await packed(body, encoding);
    await expect(closing(new Transport()).send(get(registry.origin))).rejects.toThrow(message);
  });
});

test("the signal ends a request with its own reason, before or after it began", async () => {
  const registry = await registries.start();
  registry.lie = () => true;
  const transport = closing(new Transport());
  const controller = new AbortController();
  const sent = expect(transport.send(get(registry.origin, { signal: controller.signal }))).rejects.toThrow(
    "enough",
  );
  await until(() => registry.requests.length === 1);
  controller.abort(new Error("enough"));
  await sent;
  await expect(transport.send(get(registry.origin, { signal: controller.signal }))).rejects.toThrow("enough");
  expect(registry.requests).toHaveLength(1);
});

test("nobody listening is an error that says so", async () => {
  const registry = await registries.start();
  await registry.stop();
  const transport = closing(new Transport());
  await expect(transport.send(get(registry.origin))).rejects.toThrow("ECONNREFUSED");
});

test("connections are used again", async () => {
  const registry = await registries.start();
  const ports = new Set<number | undefined>();
  registry.lie = (_request, response) => {
    ports.add(response.socket?.remotePort);
    answer(response, 0);
    return true;
  };
  const transport = closing(new Transport());
  for (let i = 0; i < 20; i++) await transport.send(get(registry.origin));
  expect(ports.size).toBeLessThanOrEqual(2);
});
