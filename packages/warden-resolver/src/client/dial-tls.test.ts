import { credentials, Metadata, ServerCredentials } from "@grpc/grpc-js";
import { SchemeTable } from "../register";
import { WardenServer } from "../server/server";
import { instanceAt, MemoryNaming } from "../testing/memory-naming";
import { callUnary, echo, EchoClient, EchoService, type EchoServer } from "../testing/typed-echo";
import { WardenClient } from "./client";

/** A key and a certificate for `demo.service`, signed by itself, good for a hundred years and for nothing but tests. */
const key = Buffer.from(`-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0jE51Hy8+qpNd5t6
eTMQj5YkuJDmUiolmW3kYiB0f+KhRANCAAT1jcikU015eHhCtpbQIkK4QkECEzM/
5XNBdWNWINbs2Ui/gMjOxRahth+8J9A1eYa3j78iJpMZaoM8n50mRKM8
-----END PRIVATE KEY-----
`);

const certificate = Buffer.from(`-----BEGIN CERTIFICATE-----
MIIBnzCCAUSgAwIBAgIUGn1uIfw0EaXMLIkFYi6sT9JHpHcwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMZGVtby5zZXJ2aWNlMCAXDTI2MTEyMjE4MzI1NFoYDzIxMjYx
MDI5MTgzMjU0WjAXMRUwEwYDVQQDDAxkZW1vLnNlcnZpY2UwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAT1jcikU015eHhCtpbQIkK4QkECEzM/5XNBdWNWINbs2Ui/
gMjOxRahth+8J9A1eYa3j78iJpMZaoM8n50mRKM8o2wwajAdBgNVHQ4EFgQUHfKp
j2NFrTkMeEtZT2TAsQY99aQwHwYDVR0jBBgwFoAUHfKpj2NFrTkMeEtZT2TAsQY9
9aQwDwYDVR0TAQH/BAUwAwEB/zAXBgNVHREEEDAOggxkZW1vLnNlcnZpY2UwCgYI
KoZIzj0EAwIDSQAwRgIhAP5n6FjzP4qotYyNbiLdb3zxSG+3Rxj3m+pIFkAcgGQz
AiEAjKR2+QA9SC3oHw0TDpMQUOgUdq6B3VKHJLzBjer0kFQ=
-----END CERTIFICATE-----
`);

const naming = new MemoryNaming({ scheme: "tls" });
const target = "tls://default/demo.service";
new SchemeTable().register(naming);

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function useServer(
  credentials?: ServerCredentials,
  onCall: (metadata: Metadata) => void = () => undefined,
): Promise<void> {
  const server = new WardenServer(
    { grpc: "tcp://127.0.0.1:0", drain: 0 },
    { ...(credentials && { credentials }) },
  );
  const unary: EchoServer["unary"] = (call, callback) => {
    onCall(call.metadata);
    callback(null, call.request);
  };
  server.addService(EchoService, echo({ unary }));
  closers.push(() => server.shutdown());
  await server.start();
  naming.set("demo.service", [instanceAt(server.address as string)]);
}

function useWarden(dial: number): WardenClient {
  const warden = new WardenClient({ timeout: "5s", dial });
  closers.push(() => warden.close());
  return warden;
}

test("a server shows a certificate for the app id, and calls to it are encrypted", async () => {
  await useServer(ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: certificate }]));
  const trusting = { credentials: credentials.createSsl(certificate) };
  const client = await useWarden(5_000).dialTLS(target, EchoClient, trusting);
  expect((await callUnary(client, "hi", new Metadata())).text).toBe("hi");
  expect(client.getChannel().getTarget()).toBe(target);
});

test("a call with credentials of its own sends them", async () => {
  const sent: unknown[] = [];
  await useServer(
    ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: certificate }]),
    (metadata) => sent.push(metadata.get("authorization")),
  );
  const trusting = { credentials: credentials.createSsl(certificate) };
  const client = await useWarden(5_000).dialTLS(target, EchoClient, trusting);
  const own = credentials.createFromMetadataGenerator((_options, done) => {
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer 1");
    done(null, metadata);
  });
  const { text } = await callUnary(client, "hi", new Metadata(), { credentials: own });
  expect([text, sent]).toEqual(["hi", [["Bearer 1"]]]);
});

test("a server that the system does not trust is not called, and the dial says why", async () => {
  await useServer(ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: certificate }]));
  await expect(useWarden(500).dialTLS(target, EchoClient)).rejects.toThrow(
    /none connects: .*self-signed certificate/,
  );
});

test("a server without encryption is not called", async () => {
  await useServer();
  await expect(useWarden(300).dialTLS(target, EchoClient)).rejects.toThrow("none connects");
});
