import type { NetworkInterfaceInfo } from "node:os";
import { advertisedAddress } from "./advertised-address";

function addressed(address: string, family: "IPv4" | "IPv6", internal: boolean): NetworkInterfaceInfo {
  return { address, family, internal, netmask: "", mac: "", cidr: null, scopeid: 0 } as NetworkInterfaceInfo;
}

const machine = {
  lo: [addressed("127.0.0.1", "IPv4", true), addressed("::1", "IPv6", true)],
  eth0: [addressed("fe80::1", "IPv6", false), addressed("10.0.0.5", "IPv4", false)],
  gone: undefined,
};

test.each([
  ["0.0.0.0", undefined, "grpc://10.0.0.5:9000"],
  ["[::]", undefined, "grpc://10.0.0.5:9000"],
  ["127.0.0.1", undefined, "grpc://127.0.0.1:9000"],
  ["[::1]", undefined, "grpc://[::1]:9000"],
  ["0.0.0.0", "192.168.7.7", "grpc://192.168.7.7:9000"],
  ["0.0.0.0", "fd00::5", "grpc://[fd00::5]:9000"],
])("listening on %s with advertisedIp %s it is %s", (host, advertisedIp, expected) => {
  expect(advertisedAddress({ kind: "tcp", host, port: 9000 }, advertisedIp, machine)).toBe(expected);
});

test("a machine without a network is known to itself", () => {
  expect(advertisedAddress({ kind: "tcp", host: "0.0.0.0", port: 1 }, undefined, {})).toBe(
    "grpc://127.0.0.1:1",
  );
});

test("this machine is looked at by default", () => {
  expect(advertisedAddress({ kind: "tcp", host: "0.0.0.0", port: 1 }, undefined)).toMatch(
    /^grpc:\/\/[\d.]+:1$/,
  );
});

test("a unix socket cannot be registered", () => {
  expect(() => advertisedAddress({ kind: "unix", path: "/run/a.sock" }, undefined)).toThrow(
    "register: others cannot reach /run/a.sock, listen on tcp or pass addrs",
  );
});
