// Loaded into a registry with --require: each request costs BENCH_PLANT_US microseconds of processor time more.
const { Server } = require("node:http");

const us = Number(process.env.BENCH_PLANT_US);
const emit = Server.prototype.emit;

Server.prototype.emit = function (name, ...rest) {
  if (name === "request") {
    const until = process.hrtime.bigint() + BigInt(us * 1_000);
    while (process.hrtime.bigint() < until);
  }
  return emit.call(this, name, ...rest);
};
