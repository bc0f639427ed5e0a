// A gRPC service without generated code: its messages are JSON.
const { makeGenericClientConstructor } = require("@grpc/grpc-js");

const encode = (message) => Buffer.from(JSON.stringify(message));
const decode = (bytes) => JSON.parse(bytes.toString());

const service = {
  sayHello: {
    path: "/demo.v1.Greeter/SayHello",
    requestStream: false,
    responseStream: false,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  },
};

const handlers = { sayHello: (call, answer) => answer(null, { content: `hello ${call.request.name}` }) };
const GreeterClient = makeGenericClientConstructor(service, "demo.v1.Greeter");

function sayHello(client, name) {
  return new Promise((resolve, reject) =>
    client.sayHello({ name }, (error, reply) => (error ? reject(error) : resolve(reply.content))),
  );
}

module.exports = { GreeterClient, handlers, sayHello, service };
