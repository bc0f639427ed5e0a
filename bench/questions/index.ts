import type { Question } from "../harness/question";
import { clusterRenewals } from "./cluster-renewals";
import { fanOut } from "./fan-out";
import { fetch } from "./fetch";
import { grpcCall } from "./grpc-call";
import { httpHop } from "./http-hop";
import { memory } from "./memory";
import { oneChanged } from "./one-changed";
import { polls } from "./polls";
import { register } from "./register";
import { renew } from "./renew";
import { renews } from "./renews";
import { sdkRenewal } from "./sdk-renewal";
import { timestamps } from "./timestamps";

/** In the order of the report. */
export const questions: readonly Question[] = [
  renew,
  renews,
  register,
  fetch,
  oneChanged,
  polls,
  fanOut,
  memory,
  clusterRenewals,
  sdkRenewal,
  timestamps,
  grpcCall,
  httpHop,
];
