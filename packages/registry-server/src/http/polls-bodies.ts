import { SharedBytes } from "../registry/shared-bytes";

const HEAD = Buffer.from(`{"code":0,"message":"0","ttl":1,"data":{`);

/**
 * The bodies of `polls` answers. Most pollers that a change wakes are told the same: the body is then made once
 * and shared. It lives as long as the encoded app it holds, or until somebody asks for that app and others that do not
 * exist: one body an app is kept, whatever is asked for.
 */
export class PollsBodies {
  private readonly shared = new WeakMap<Buffer, { readonly tail: string; readonly body: SharedBytes }>();

  /** @param missing the app ids that do not exist. */
  of(
    infos: readonly (readonly [appid: string, info: Buffer])[],
    missing: readonly string[],
  ): Buffer | SharedBytes {
    const [first] = infos;
    return infos.length === 1 && first ? this.ofOne(...first, missing) : join(infos, tailOf(missing));
  }

  ofOne(appid: string, info: Buffer, missing: readonly string[]): SharedBytes {
    const tail = tailOf(missing);
    const known = this.shared.get(info);
    if (known?.tail === tail) return known.body;
    const body = new SharedBytes(join([[appid, info]], tail));
    this.shared.set(info, { tail, body });
    return body;
  }
}

/** Null when none is missing, as the original has it. */
const NONE_MISSING = `},"error":{"-404":null}}`;

function tailOf(missing: readonly string[]): string {
  return missing.length === 0 ? NONE_MISSING : `},"error":{"-404":${JSON.stringify(missing)}}}`;
}

function join(infos: readonly (readonly [appid: string, info: Buffer])[], tail: string): Buffer {
  const parts: Buffer[] = [HEAD];
  for (const [appid, info] of infos) {
    parts.push(Buffer.from(`${parts.length === 1 ? "" : ","}${JSON.stringify(appid)}:`), info);
  }
  return Buffer.concat([...parts, Buffer.from(tail)]);
}
