import { gunzipSync } from "node:zlib";
import { SharedBytes } from "./shared-bytes";

test("what is large is compressed once, for all who ask", () => {
  const bytes = Buffer.alloc(10_000, '{"hostname":"h1"},');
  const shared = new SharedBytes(bytes);
  expect(gunzipSync(shared.gzipped)).toEqual(bytes);
  expect(shared.gzipped.length).toBeLessThan(1_000);
  expect(shared.gzipped).toBe(shared.gzipped);
});

test("what fits into a packet stays as it is", () => {
  const bytes = Buffer.from("{}");
  expect(new SharedBytes(bytes).gzipped).toBe(bytes);
});
