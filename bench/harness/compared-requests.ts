import { request } from "undici";
import { ClosedLoop, type Requests } from "./closed-loop";
import { costOf, paired, type Contestant, type Cost } from "./paired";
import type { Context } from "./question";
import { seed, type Seed } from "./seed";

export interface RequestQuestion {
  readonly seeds: readonly Seed[];
  /** What is sent, by turns, to all that are compared. */
  readonly requests: Requests;
  /** What the bare server answers: what ours answers to this. */
  readonly bareAnswer: { readonly method: "GET" | "POST"; readonly target: string };
  readonly connections?: number;
}

/**
 * The cost of requests to a server: to a bare one, to ours, and to the rival where there is one, in this order.
 */
export async function comparedRequests(context: Context, question: RequestQuestion): Promise<Cost[]> {
  const { seeds, requests, bareAnswer, connections } = question;
  const registry = await context.registry();
  for (const each of seeds) await seed(registry, each);
  const bare = await context.bare({ answer: await bodyOf(registry.port, bareAnswer) });
  const { rival } = context;
  if (rival) for (const each of seeds) await seed(rival, each);

  const contestant = async (name: string, at: { port: number; host?: string; pid: number }) => {
    const loop = context.own(await ClosedLoop.open(at, requests, connections));
    const measure = (durationMs: number) => costOf({ pids: [at.pid], run: () => loop.run(durationMs) });
    return { name, measure };
  };
  const others: Contestant[] = [await contestant("ours", registry)];
  if (rival) others.push(await contestant("rival", rival));
  return paired([await contestant("bare", bare), ...others], context);
}

async function bodyOf(port: number, { method, target }: RequestQuestion["bareAnswer"]): Promise<string> {
  const { body } = await request(`http://127.0.0.1:${port}${target}`, { method });
  return body.text();
}
