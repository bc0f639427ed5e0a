import { experimental } from "@grpc/grpc-js";
import { WardenLoadBalancer } from "./load-balancer";
import { createP2c } from "./p2c";
import { createWrr } from "./wrr";

/** The names of the balancers in a service config. */
export const P2C_POLICY = "warden_p2c";
export const WRR_POLICY = "warden_wrr";

/** Makes `warden_p2c` and `warden_wrr` known to grpc-js in this process. Safe to call twice. */
export function registerBalancers(): void {
  if (experimental.isLoadBalancerNameRegistered(P2C_POLICY)) return;
  experimental.registerLoadBalancerType(P2C_POLICY, P2cLoadBalancer, P2cConfig);
  experimental.registerLoadBalancerType(WRR_POLICY, WrrLoadBalancer, WrrConfig);
}

class P2cLoadBalancer extends WardenLoadBalancer {
  constructor(helper: experimental.ChannelControlHelper) {
    super(helper, P2C_POLICY, createP2c());
  }
}

class WrrLoadBalancer extends WardenLoadBalancer {
  constructor(helper: experimental.ChannelControlHelper) {
    super(helper, WRR_POLICY, createWrr());
  }
}

/** grpc-js wants a class of its own for each policy's configuration. Ours have none. */
class PolicyConfig implements experimental.TypedLoadBalancingConfig {
  constructor(private readonly name: string) {}

  getLoadBalancerName(): string {
    return this.name;
  }

  toJsonObject(): object {
    return { [this.name]: {} };
  }
}

class P2cConfig extends PolicyConfig {
  static createFromJson(): P2cConfig {
    return new P2cConfig(P2C_POLICY);
  }
}

class WrrConfig extends PolicyConfig {
  static createFromJson(): WrrConfig {
    return new WrrConfig(WRR_POLICY);
  }
}
