import { useNodes } from "../testing/use-node";

const startNode = useNodes();

test("an access log line says why a request was refused", async () => {
  const node = await startNode();

  await node.get("/discovery/fetch", { env: "dev", appid: "nope", status: "1" });

  const line = node.logs.find(({ source }) => source === "http-access-log");
  expect(line).toMatchObject({ level: 40, ret: -404, msg: "nope has no instance in env dev" });
});
