import { keyForm, registerForm } from "./seed";
import { Wire } from "./wire";

/** Instances spread evenly over apps: instance 7 of 2,000 apps is the first of the eighth. */
export interface Spread {
  readonly apps: number;
  readonly instances: number;
  /** What app ids begin with. */
  readonly prefix: string;
}

const CONNECTIONS = 16;

/** Registers them all, over some connections at once. */
export async function registerSpread(port: number, spread: Spread): Promise<void> {
  let next = 0;
  const registerNext = async (wire: Wire) => {
    while (next < spread.instances) {
      const form = formOf(spread, next++, registerForm);
      const { code, tail } = await wire.post("/discovery/register", form);
      if (code !== 0) throw new Error(`a register was answered ${code}: ${tail}`);
    }
  };
  const wires = await Promise.all(Array.from({ length: CONNECTIONS }, () => Wire.open(port)));
  try {
    await Promise.all(wires.map(registerNext));
  } finally {
    for (const wire of wires) wire.destroy();
  }
}

/** What identifies one of them, as a form. */
export function spreadKey(spread: Spread, index: number): string {
  return formOf(spread, index, keyForm);
}

function formOf(
  { prefix, apps }: Spread,
  index: number,
  form: (appid: string, index: number) => string,
): string {
  return form(`${prefix}.app-${index % apps}`, Math.floor(index / apps));
}
