import { spawn } from "node:child_process";
import { join } from "node:path";
import { Child } from "./child";
import { freePort, listens } from "./registry-process";
import { nodeFlags } from "./script-process";

const DEMO_CLIENT_MAIN = join(__dirname, "../../apps/demo-client/dist/main.js");

/** The demo client as it is shipped, in a process of its own. */
export class DemoClientProcess {
  private constructor(
    readonly port: number,
    private readonly child: Child,
  ) {}

  /** @param target whom it calls, such as `direct://default/127.0.0.1:9000`. */
  static async start(target: string): Promise<DemoClientProcess> {
    const port = await freePort();
    const env = { DEMO_TARGET: target, HTTP_ADDR: `127.0.0.1:${port}` };
    const child = spawn(process.execPath, [...nodeFlags(), DEMO_CLIENT_MAIN], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, ...env },
    });
    const client = new DemoClientProcess(port, new Child("the demo client", child));
    await listens(port);
    return client;
  }

  get pid(): number {
    return this.child.pid;
  }

  end(): Promise<void> {
    return this.child.end();
  }
}
