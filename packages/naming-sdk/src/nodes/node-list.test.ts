import { seededRandom } from "@discoveryd/runtime/testing";
import { NodeList } from "./node-list";

const seeds = ["s1", "s2"];
const told = ["n1", "n2", "n3"];

function nodeList(): NodeList {
  return new NodeList({ seeds, random: seededRandom(1) });
}

/** Fails at the current node so many times; which nodes those were. */
function failures(nodes: NodeList, count: number): string[] {
  return Array.from({ length: count }, () => {
    const { current } = nodes;
    nodes.failedAt(current, new Error(`${current} is down`));
    return current;
  });
}

test("the seeds come first, in their order", () => {
  expect(failures(nodeList(), 3)).toEqual(["s1", "s2", "s1"]);
});

test("what the registry tells of its nodes is used, in random order", () => {
  const nodes = nodeList();
  nodes.update(told);
  const order = failures(nodes, 3);
  expect([...order].sort()).toEqual(told);
  expect(order).not.toEqual(told);
});

test("different clients have different orders", () => {
  const firsts = Array.from({ length: 30 }, (_, seed) => {
    const nodes = new NodeList({ seeds, random: seededRandom(seed) });
    nodes.update(told);
    return nodes.current;
  });
  expect(new Set(firsts)).toEqual(new Set(told));
});

test("the seeds come back when all told nodes fail, and those when the seeds fail", () => {
  const nodes = nodeList();
  nodes.update(told);
  const [first, second, third] = failures(nodes, 3);
  expect(failures(nodes, 3)).toEqual(["s1", "s2", first]);
  expect(failures(nodes, 2)).toEqual([second, third]);
});

test("a good answer between failures keeps the told nodes in use", () => {
  const nodes = nodeList();
  nodes.update(told);
  failures(nodes, 2);
  nodes.succeeded();
  failures(nodes, 2);
  expect(told).toContain(nodes.current);
});

test("telling the same nodes again does not bring back those that all failed", () => {
  const nodes = nodeList();
  nodes.update(told);
  failures(nodes, 3);
  nodes.update([...told].reverse());
  expect(nodes.current).toBe("s1");
});

test("a changed list of nodes is used, and the current node stays when it is in it", () => {
  const nodes = nodeList();
  nodes.update(told);
  const { current } = nodes;
  nodes.update([...told, "n4", "n5", "n6"]);
  expect(nodes.current).toBe(current);
  nodes.update(["n7", "n7"]);
  expect(nodes.current).toBe("n7");
  expect(nodes.isOnly).toBe(true);
});

test("an empty list of nodes is no news", () => {
  const nodes = nodeList();
  nodes.update([]);
  expect(nodes.current).toBe("s1");
});

test("a failure at a node that somebody else has left already moves nothing", () => {
  const nodes = nodeList();
  nodes.failedAt("s1", new Error("down"));
  nodes.failedAt("s1", new Error("down"));
  expect(nodes.current).toBe("s2");
});

test("advancing goes round, and from the seeds to the told nodes", () => {
  const nodes = nodeList();
  nodes.advance();
  expect(nodes.current).toBe("s2");
  nodes.update(told);
  failures(nodes, 3);
  expect(nodes.current).toBe("s1");
  nodes.advance();
  expect(told).toContain(nodes.current);
});

test("the list is exhausted once every node failed, until one answers", () => {
  const nodes = nodeList();
  failures(nodes, 1);
  expect(nodes.isExhausted).toBe(false);
  expect(nodes.failure).toEqual({ cause: new Error("s1 is down") });
  failures(nodes, 1);
  expect(nodes.isExhausted).toBe(true);
  nodes.succeeded();
  expect(nodes.isExhausted).toBe(false);
  expect(nodes.failure).toBeUndefined();
});

test("all nodes are those in use and the seeds, once each", () => {
  const nodes = nodeList();
  nodes.update(["s2", "n1"]);
  expect([...nodes.all].sort()).toEqual(["n1", "s1", "s2"]);
});
