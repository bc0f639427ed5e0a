import { experimental, status, type Metadata } from "@grpc/grpc-js";
import type { Clock } from "@discoveryd/runtime";
import type { BalancerContext } from "./balancer-context";
import type { ColorRoutes, Route } from "./color-routes";
import type { Connection } from "./connection";
import type { Outcome } from "./node-stats";
import type { Chooser } from "./strategy";

// Read once: grpc-js exports them by getters, which each call would go through.
const { CANCELLED, DEADLINE_EXCEEDED, INTERNAL, RESOURCE_EXHAUSTED, UNAVAILABLE } = status;
const { COMPLETE } = experimental.PickResultType;

/** Picks for each call among the ready connections of its color. All that can be is worked out beforehand. */
export class WardenPicker implements experimental.Picker {
  private readonly waiting: experimental.QueuePicker;
  /** Where all calls go while no connection has a color. */
  private readonly plain: Route<Chooser<Connection>> | undefined;

  constructor(
    private readonly routes: ColorRoutes<Connection, Chooser<Connection>>,
    private readonly context: BalancerContext,
    balancer: experimental.LoadBalancer,
  ) {
    this.waiting = new experimental.QueuePicker(balancer);
    this.plain = routes.colored ? undefined : routes.find("");
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const { clock, random } = this.context;
    const wanted = this.plain === undefined ? (colorOf(args.metadata) ?? this.context.color) : "";
    const route = this.plain ?? this.routes.find(wanted);
    if (route === "wait") return this.waiting.pick(args);
    if (route === "none") return this.refuse(wanted, args);
    const now = clock.monotonic();
    const connection = route.pick(now, random);
    return follow(connection.pick(args), connection, now, clock);
  }

  private refuse(wanted: string, args: experimental.PickArgs): experimental.PickResult {
    const colors = this.routes.readyColors.map((one) => JSON.stringify(one)).join(", ");
    const whom = wanted === "" ? "without color" : `of color ${JSON.stringify(wanted)} or without color`;
    const details = `no instance ${whom} is ready, only of color ${colors}: ${this.context.describe()}`;
    return new experimental.UnavailablePicker({ details }).pick(args);
  }
}

/**
 * Has a call counted from when it starts: grpc-js may pick several times for one call. What it takes counts from its
 * pick, which spares each call a look at the clock.
 */
function follow(
  result: experimental.PickResult,
  { stats, countStart }: Connection,
  pickedAt: number,
  clock: Clock,
): experimental.PickResult {
  if (result.pickResultType !== COMPLETE) return result;
  const { onCallStarted, onCallEnded } = result;
  result.onCallStarted = onCallStarted === null ? countStart : () => (countStart(), onCallStarted());
  result.onCallEnded = (code, details, trailers) => {
    const now = clock.monotonic();
    if (stats.isCpuDue(now)) stats.readCpu(cpuOf(trailers), now);
    stats.ended(outcomeOf(code), now - pickedAt, now);
    onCallEnded?.(code, details, trailers);
  };
  return result;
}

// What an application answers on purpose is no failure of the server, and UNKNOWN is how kratos sends its business
// errors. Of CANCELLED nobody knows who gave up.
function outcomeOf(code: status): Outcome {
  switch (code) {
    case UNAVAILABLE:
    case DEADLINE_EXCEEDED:
    case RESOURCE_EXHAUSTED:
    case INTERNAL:
      return "failure";
    case CANCELLED:
      return "unknown";
    default:
      return "success";
  }
}

function cpuOf(trailers: Metadata): number | undefined {
  const [text] = trailers.get("cpu_usage");
  const cpu = Number(text);
  return text === undefined || !(cpu > 0) ? undefined : Math.min(cpu, 1_000);
}

function colorOf(metadata: Metadata): string | undefined {
  const [color] = metadata.get("color");
  return color === undefined || color === "" ? undefined : String(color);
}
