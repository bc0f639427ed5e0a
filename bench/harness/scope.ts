import { BareServer, type BareTask } from "./bare-server";
import type { PairedOptions } from "./paired";
import type { Context, Owned } from "./question";
import { RegistryProcess, type RegistryOptions } from "./registry-process";
import type { Rival } from "./rival";

export interface ScopeOptions extends PairedOptions {
  readonly quick: boolean;
  readonly gatedOnly: boolean;
  readonly rival: Rival | undefined;
  /** Flags for the node of each registry. */
  readonly nodeFlags: readonly string[];
}

/** The context of one question. */
export class Scope implements Context {
  readonly rounds: number;
  readonly sliceMs: number;
  readonly quick: boolean;
  readonly gatedOnly: boolean;
  readonly rival: Rival | undefined;
  private readonly owned: Owned[] = [];

  constructor(private readonly options: ScopeOptions) {
    ({ rounds: this.rounds, sliceMs: this.sliceMs } = options);
    ({ quick: this.quick, gatedOnly: this.gatedOnly, rival: this.rival } = options);
  }

  async registry(options: RegistryOptions = {}): Promise<RegistryProcess> {
    const { nodeFlags } = this.options;
    return this.own(await RegistryProcess.start({ nodeFlags, ...options }));
  }

  async bare(task: BareTask): Promise<BareServer> {
    return this.own(await BareServer.start(task));
  }

  own<T extends Owned>(owned: T): T {
    this.owned.push(owned);
    return owned;
  }

  /** The last first: what uses a server goes before it. */
  async close(): Promise<void> {
    for (const owned of this.owned.splice(0).reverse()) {
      if ("close" in owned) await owned.close();
      else await owned.end();
    }
  }
}
