import { Brpc } from "./brpc";
import { DoublesClient } from "./doubles";
import { Goim } from "./goim";
import { BilibiliNaming, KratosV1 } from "./kratos-v1";
import { KratosV2 } from "./kratos-v2";
import { PythonClient } from "./python";
import type { StandInClass } from "./stand-in";

export interface Animal {
  readonly name: string;
  readonly StandIn: StandInClass;
  /** The most time from a change to when the client knows, in milliseconds. */
  readonly noticesMs: number;
}

/** Every client in use that we know of. */
export const zoo: readonly Animal[] = [
  { name: "kratos v1", StandIn: KratosV1, noticesMs: 0 },
  // After a poll that ran out it pauses for 1 s.
  { name: "kratos v2 and v3", StandIn: KratosV2, noticesMs: 1_000 },
  { name: "bilibili naming 1.2", StandIn: BilibiliNaming, noticesMs: 0 },
  { name: "goim (bilibili naming 1.0)", StandIn: Goim, noticesMs: 0 },
  { name: "brpc", StandIn: Brpc, noticesMs: 5_000 },
  { name: "Python", StandIn: PythonClient, noticesMs: 3_000 },
  { name: "a client that parses with doubles", StandIn: DoublesClient, noticesMs: 0 },
];
