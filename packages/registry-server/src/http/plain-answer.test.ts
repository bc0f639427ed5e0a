import { useNodes } from "../testing/use-node";

const startNode = useNodes();

test.each([
  ["POST", "/discovery/fetch", 405, "Method Not Allowed", "GET"],
  ["GET", "/discovery/register", 405, "Method Not Allowed", "POST"],
  ["POST", "/healthz", 405, "Method Not Allowed", "GET"],
  ["GET", "/discovery/nope", 404, "404 page not found", undefined],
] as const)(
  "%s %s is answered %i in plain text, as the original does",
  async (method, path, status, text, allow) => {
    const node = await startNode();

    const reply = await node.request({ method, path });

    expect(reply).toMatchObject({ status, text });
    expect(reply.headers).toMatchObject({
      "content-type": "text/plain",
      "content-length": String(text.length),
    });
    expect(reply.headers["allow"]).toBe(allow);
  },
);
