// What apps/demo-client is measured against: node:http with one handler, a bare grpc-js client and the same envelope.
// node grpc-hop.cjs <host:port,…>; answers any message with its port.
const { createServer } = require("node:http");
const { answerParent } = require("./answer-parent.cjs");
const { bareDemoClient } = require("./bare-demo-client.cjs");

const client = bareDemoClient(process.argv[2]);

const server = createServer((req, res) => {
  const name = new URLSearchParams(req.url.slice(req.url.indexOf("?") + 1)).get("name") ?? "";
  client.sayHello({ name }, (error, reply) => {
    if (error) answer(res, "-503", `{"code":-503,"message":${JSON.stringify(error.details)},"ttl":1}`);
    else answer(res, "0", `{"code":0,"message":"0","ttl":1,"data":${encode(reply)}}`);
  });
});

const listens = new Promise((resolve) => {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => resolve(server.address().port));
});

answerParent(() => listens);

function encode({ content, servedBy }) {
  return JSON.stringify({ content, served_by: servedBy });
}

function answer(res, code, text) {
  const body = Buffer.from(text);
  const headers = [
    "Kratos-Status-Code",
    code,
    "Content-Type",
    "application/json; charset=utf-8",
    "Content-Length",
    String(body.length),
  ];
  res.writeHead(200, headers);
  res.end(body);
}
