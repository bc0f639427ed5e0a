import { status as Status } from "@grpc/grpc-js";
import type { Stage } from "./outgoing-call";

export interface ReadinessOptions {
  /** Whether the channel has had a connection since it was made. */
  readonly wasReady: () => boolean;
  /** How far it has come, in one line. */
  readonly describe: () => string;
}

/**
 * Lets calls wait, within their deadline, for a channel that was not ready yet when it was handed out. One whose wait
 * ends in vain fails with UNAVAILABLE and how far the channel has come.
 */
export function createReadinessStage({ wasReady, describe }: ReadinessOptions): Stage {
  return {
    begin: (call) => {
      if (wasReady()) return;
      call.metadata = call.metadata.clone();
      // Copied, as a clone shares its options with the original. A service config's waitForReady is not read by grpc-js.
      call.metadata.setOptions({ ...call.metadata.getOptions(), waitForReady: true });
    },
    end: (call, status) => {
      if (status.code !== Status.DEADLINE_EXCEEDED || wasReady()) return status;
      return { ...status, code: Status.UNAVAILABLE, details: `${call.method}: not ready yet: ${describe()}` };
    },
  };
}
