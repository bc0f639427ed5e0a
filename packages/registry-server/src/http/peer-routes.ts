import { routes } from "@discoveryd/protocol";
import type { AntiEntropy } from "../cluster/anti-entropy";
import { decodeStates, encodeStates } from "../cluster/app-state";
import type { Bootstrap } from "../cluster/bootstrap";
import type { Differences } from "../cluster/digest";
import { asTexts, decodeOperations, encodeOutcomes, parseJson } from "../cluster/operation";
import type { ReplicatedRegistry } from "../cluster/replicated-registry";
import { dataAnswer } from "./answer";
import { endpoint, type Endpoint } from "./dispatcher";

export interface PeerRoutesOptions {
  readonly registry: ReplicatedRegistry;
  readonly antiEntropy: AntiEntropy;
  readonly bootstrap: Pick<Bootstrap, "refusal">;
}

/** The routes that nodes of ours use among themselves. */
export function peerRoutes({ registry, antiEntropy, bootstrap }: PeerRoutesOptions): Endpoint[] {
  return [
    endpoint(routes.replicate, (args, call) => {
      const origin = { replication: args.replication, fromZone: args.from_zone };
      const outcomes = decodeOperations(call.body.toString()).map((operation) =>
        registry.receive(operation, origin),
      );
      return dataAnswer(encodeOutcomes(outcomes));
    }),
    endpoint(routes.digests, (_args, call) => {
      // To be equal with a node that knows nothing yet says nothing: it must not end the protection of another.
      const refusal = bootstrap.refusal();
      if (refusal) throw refusal;
      const buckets = asTexts(parseJson(call.body.toString()));
      void antiEntropy.differences(buckets).then((apps) => call.answer(dataAnswer(encodeDifferences(apps))));
      return undefined;
    }),
    endpoint(routes.exchange, (_args, call) =>
      dataAnswer(encodeStates(antiEntropy.merge(decodeStates(parseJson(call.body.toString()))))),
    ),
  ];
}

function encodeDifferences(differences: Differences): string {
  return JSON.stringify(Object.fromEntries(differences));
}
