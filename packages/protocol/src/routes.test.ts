import { codes, isCode } from "./codes";
import { routes, type Params, type Route } from "./routes";

const table: readonly Route[] = Object.values(routes);

test("a route's path ends with its name", () => {
  for (const { name, path } of table) expect(path).toBe(`/discovery/${name}`);
});

test("no two routes share a path", () => {
  expect(new Set(table.map(({ path }) => path)).size).toBe(table.length);
});

test("what changes something is a POST, what reads is a GET", () => {
  for (const { method, read } of table) expect(method).toBe(read ? "GET" : "POST");
});

test("reads, and only they, can be refused while the node is protected", () => {
  for (const { read, codes: answers } of table) expect(answers.includes(codes.unavailable)).toBe(read);
});

test("every code a route answers is in the table", () => {
  expect(table.flatMap((route) => route.codes).filter((code) => !isCode(code))).toEqual([]);
});

test("what a peer adds is never required", () => {
  const params = table.flatMap((route) => Object.entries<Params[string]>(route.params));
  expect(params.filter(([, { fromPeer, required }]) => fromPeer && required)).toEqual([]);
});

test("every route and every parameter is explained", () => {
  for (const { doc, params } of table) {
    expect(doc).toMatch(/^[A-Z].*\.$/s);
    for (const param of Object.values<Params[string]>(params)) expect(param.doc).not.toBe("");
  }
});
