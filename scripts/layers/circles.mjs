/**
 * The knots of a graph, each as one shortest circle in it: `["a", "b", "a"]`. Empty when nothing leads back to itself.
 *
 * @param {ReadonlyMap<string, Iterable<string>>} graph
 */
export function circlesIn(graph) {
  return knotsIn(graph).map((knot) => shortestCircle(graph, new Set(knot)));
}

/** The strongly connected components that hold a circle, by Tarjan's algorithm. */
function knotsIn(graph) {
  const index = new Map();
  const low = new Map();
  const path = [];
  const knots = [];
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return knots;

  function visit(node) {
    index.set(node, index.size);
    low.set(node, index.get(node));
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (path.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const knot = path.splice(path.indexOf(node));
    if (knot.length > 1 || [...(graph.get(node) ?? [])].includes(node)) knots.push(knot);
  }
}

function shortestCircle(graph, knot) {
  const circles = [...knot].map((start) => shortestWayBack(graph, knot, start));
  return circles.reduce((best, circle) => (circle.length < best.length ? circle : best));
}

function shortestWayBack(graph, knot, start) {
  const cameFrom = new Map();
  for (const queue = [start]; queue.length > 0;) {
    const node = queue.shift();
    for (const next of graph.get(node) ?? []) {
      if (!knot.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  const way = [start];
  for (let node = cameFrom.get(start); node !== start; node = cameFrom.get(node)) way.unshift(node);
  return [start, ...way];
}
