import { Wire } from "./wire";

const ENV = "bench";

export interface Seed {
  readonly appid: string;
  readonly instances: number;
}

/** What identifies an instance, as a form. */
export function keyForm(appid: string, index: number): string {
  return `env=${ENV}&appid=${appid}&zone=zone01&hostname=host-${index}.example`;
}

/** A register as clients send it. */
export function registerForm(appid: string, index: number, version = "1.4.2"): string {
  const ip = `10.0.${(index >> 8) & 255}.${index & 255}`;
  const metadata = encodeURIComponent('{"weight":"10","cluster":"main","color":""}');
  return (
    `${keyForm(appid, index)}&status=1&region=region01&version=${version}&metadata=${metadata}` +
    `&addrs=http://${ip}:8000&addrs=grpc://${ip}:9000`
  );
}

export function fetchTarget(appid: string): string {
  return `/discovery/fetch?env=${ENV}&appid=${appid}&status=1`;
}

export function pollsTarget(appid: string, since: bigint): string {
  return `/discovery/polls?env=${ENV}&appid=${appid}&hostname=bench&latest_timestamp=${since}`;
}

/** Registers so many instances of an app. */
export async function seed(at: { port: number; host?: string }, { appid, instances }: Seed): Promise<void> {
  const wire = await Wire.open(at.port, at.host);
  for (let i = 0; i < instances; i++) {
    const { code, tail } = await wire.post("/discovery/register", registerForm(appid, i));
    if (code !== 0) throw new Error(`register ${appid} ${i}: answered ${code}: ${tail}`);
  }
  wire.destroy();
}
