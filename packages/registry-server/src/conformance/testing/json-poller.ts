import type { Wire } from "./wire";

/** What a poller was told. */
export interface News {
  /** As the poller prints it, and sends it back. */
  readonly timestamp: string;
  /** Host name to weight. */
  readonly weights: Readonly<Record<string, string>>;
}

interface Envelope {
  readonly code: number;
  readonly data: Readonly<Record<string, Info>>;
}

interface Info {
  readonly instances: Readonly<
    Record<string, readonly { hostname: string; metadata: { weight?: string } }[]>
  >;
  readonly latest_timestamp: number;
}

/** Polls one app for ever, parsing with `JSON.parse`: timestamps are doubles to it. */
export class JsonPoller {
  /** Every answer with news, in order. */
  readonly news: News[] = [];
  private readonly over = new AbortController();

  constructor(
    private readonly wire: Wire,
    private readonly appid: string,
  ) {}

  start(): void {
    void this.loop();
  }

  close(): void {
    this.over.abort();
  }

  private async loop(): Promise<void> {
    const { signal } = this.over;
    for (let timestamp = "0"; !signal.aborted;) {
      const path = `/discovery/polls?env=dev&appid=${this.appid}&latest_timestamp=${timestamp}`;
      const reply = await this.wire.send({ method: "GET", path, signal }).catch(() => undefined);
      if (reply === undefined) return;
      const { code, data } = JSON.parse(reply.text) as Envelope;
      const info = code === 0 ? data[this.appid] : undefined;
      if (!info) continue;
      timestamp = String(info.latest_timestamp);
      this.news.push({ timestamp, weights: weightsOf(info) });
    }
  }
}

function weightsOf({ instances }: Info): Record<string, string> {
  const all = Object.values(instances).flat();
  return Object.fromEntries(all.map(({ hostname, metadata }) => [hostname, metadata.weight ?? ""]));
}
