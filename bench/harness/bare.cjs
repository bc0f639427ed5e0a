// What a registry is measured against: node:http with one handler that answers a constant. It is told over IPC what to
// do, so that one process can be the other side of any question.
//
//   { answer: "<body>" }            every request is answered that body
//   { hold: true }                  a GET waits, but one of /probe; a POST is answered, and then all who wait
//   { stringify: [object, …] }      a GET is answered those objects, turned into JSON each time
const { createServer } = require("node:http");

const SLICE = 64;
const waiting = new Set();
let body = Buffer.alloc(0);
let holding = false;
let objects;

const server = createServer((req, res) => {
  if (req.method === "GET" && holding && req.url !== "/probe") return hold(res);
  if (req.method === "GET") return answer(res, objects ? encode(objects) : body);
  req.on("data", () => {});
  req.on("end", () => {
    answer(res, body);
    if (holding) answerAll([...waiting], 0);
  });
});

process.on("message", ({ id, answer: text, hold: toHold, stringify }) => {
  if (text !== undefined) body = Buffer.from(text);
  if (toHold !== undefined) holding = toHold;
  if (stringify !== undefined) objects = stringify;
  process.send({ id, port: server.address().port, waiting: waiting.size });
});
process.on("disconnect", () => process.exit(0));
server.keepAliveTimeout = 150_000;
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => process.send({ id: -1 }));

function hold(res) {
  waiting.add(res);
  res.once("close", () => waiting.delete(res));
}

function answerAll(list, from) {
  for (const res of list.slice(from, from + SLICE)) answer(res, body);
  if (from + SLICE < list.length) setImmediate(answerAll, list, from + SLICE);
}

function answer(res, buffer) {
  const headers = [
    "Content-Type",
    "application/json; charset=utf-8",
    "Content-Length",
    String(buffer.length),
  ];
  res.writeHead(200, headers);
  res.end(buffer);
}

function encode(list) {
  return Buffer.from(JSON.stringify(list));
}
