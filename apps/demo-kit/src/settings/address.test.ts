import { formatAddress, parseAddress } from "./address";

test.each(["127.0.0.1:9000", "localhost:0", "[::1]:65535"])("%s is read and written back", (value) => {
  const address = parseAddress(value);
  expect(address && formatAddress(address)).toBe(value);
});

test.each(["", ":9000", "host", "host:", "host:x", "host:65536", "::1:80", "a b:1"])(
  "%j is no address",
  (value) => {
    expect(parseAddress(value)).toBeUndefined();
  },
);
