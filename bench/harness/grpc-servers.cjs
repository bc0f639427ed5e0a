// Three servers of demo.service in one process. Answers any message with their addresses.
const { DemoService } = require("@discoveryd/demo-proto");
const { Server, ServerCredentials } = require("@grpc/grpc-js");
const { answerParent } = require("./answer-parent.cjs");

const started = Promise.all(["a", "b", "c"].map(start));

answerParent(() => started);

function start(servedBy) {
  const server = new Server();
  server.addService(DemoService, {
    sayHello: (call, answer) => answer(null, { content: `Hello, ${call.request.name}!`, servedBy }),
    sayHelloUrl: (_call, answer) => answer(null, { content: "", servedBy }),
    ping: (_call, answer) => answer(null, { servedBy }),
  });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(`127.0.0.1:${port}`),
    );
  });
}
