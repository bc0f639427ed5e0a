import { isObject, parseExact, type Json } from "./exact-json";
import { parseSections, parseTuple, type Answer, type Section } from "./recording";
import type { Replay, Sent } from "./replay";

/**
 * The long-poll recording, replayed. It holds the answers only; what was asked follows from the titles and the
 * answers, and from the times: a poll that ran out gives away the header that limited it.
 */
export class LongPolls {
  private readonly sections: ReadonlyMap<string, Section>;

  constructor(
    private readonly replay: Replay,
    text: string,
  ) {
    this.sections = parseSections(text);
  }

  async run(): Promise<void> {
    await this.oneApp();
    await this.sameHostname();
    await this.corners();
    await this.everything();
  }

  /** 1 to 4b: an app gains an instance, loses one, waits, comes back, goes. */
  private async oneApp(): Promise<void> {
    await this.register("d1", "h1");
    const first = await this.latest("d1");

    const released = this.polls({ d1: first }, 3_000);
    await this.pass(500);
    await this.register("d1", "h2");
    await this.compareNext("1", "poll", released);
    const second = await this.latest("d1");

    const afterCancel = this.polls({ d1: second }, 3_000);
    await this.pass(500);
    await this.compareNext("2", "cancel", this.post("cancel", "d1", "h2"));
    await this.compareNext("2", "poll", afterCancel);
    const third = await this.latest("d1");
    this.compareFact("2", "T3-T2", third - second);

    const whileSet = this.polls({ d1: third }, 3_000);
    await this.pass(500);
    await this.compareNext("3", "set", this.post("set", "d1", "h1", "status=2"));
    await this.compareNext("3", "poll", whileSet);
    this.compareFact("3", "lt same", (await this.latest("d1")) === third);

    await this.compareNext("3b", "set", this.post("set", "d1", "h1", "status=1"));
    await this.compareNext("3b", "poll", this.polls({ d1: third }, 2_000));

    const last = await this.latest("d1");
    const whileLastGoes = this.polls({ d1: last }, 3_000);
    await this.pass(500);
    await this.compareNext("4", "cancel", this.post("cancel", "d1", "h1"));
    await this.compareNext("4", "poll", whileLastGoes);
    await this.compareNext("4b", "poll", this.polls({ d1: last }, 2_000));
  }

  /** 5 and 6: two processes on one machine give the same host name. */
  private async sameHostname(): Promise<void> {
    await this.register("x", "h");
    await this.register("y", "h");
    const since = { x: await this.latest("x"), y: await this.latest("y") };
    const a = this.polls({ x: since.x }, 4_000);
    const b = this.polls(since, 4_000);
    await this.pass(600);
    await this.register("y", "h2");
    await this.compareNext("5", "A", a);
    await this.compareNext("5", "B", b);
    await this.compareNext("6", "poll", this.polls({ x: since.x }, 2_000, "&zone=sh001"));
  }

  /** 7 to 10: single polls that are answered at once. */
  private async corners(): Promise<void> {
    await this.register("w", "h", 2);
    await this.compareNext("7", "poll", this.polls({ w: 0n }, 2_000));
    await this.compareNext(
      "8",
      "poll",
      this.get("polls?env=dev&hostname=c&appid=x&appid=x&latest_timestamp=0&latest_timestamp=0"),
    );
    await this.compareNext("9", "poll", this.polls({ x: -1n }, 2_000));
    await this.compareNext("10", "poll", this.get("polls?env=dev&hostname=c&appid=&latest_timestamp=0"));
  }

  /** 11: the recording of `fetch/all` breaks off in its first app, so only that app is compared. */
  private async everything(): Promise<void> {
    const { title, lines } = this.section("11");
    const ours = await this.get("fetch/all").answer();
    const broken = lines[0] as string;
    const whole = `${broken.slice(0, broken.lastIndexOf(',"'))}}]}}`;
    const [appid] = Object.keys(dataOf(whole));
    const { [appid as string]: app } = dataOf(ours.text) as Record<string, Json>;
    const kept = JSON.stringify({ code: 0, message: "0", ttl: 1, data: { [appid as string]: app } });
    this.replay.compare(title, { ...ours, headers: undefined, text: whole }, { ...ours, text: kept });
  }

  private readonly next = new Map<string, number>();

  /** Compares with the next answer of a section. */
  private async compareNext(section: string, what: string, sent: Sent): Promise<void> {
    const { title, lines } = this.section(section);
    const tuples = lines.filter((line) => line.includes("("));
    const index = this.next.get(section) ?? 0;
    this.next.set(section, index + 1);
    this.replay.compare(`${title}: ${what}`, parseTuple(tuples[index] as string), await sent.answer());
  }

  /** Compares with what the recording says beside the answers: `T3-T2= 1`. */
  private compareFact(section: string, name: string, ours: bigint | boolean): void {
    const { title, lines } = this.section(section);
    const line = lines.find((text) => text.startsWith(name)) as string;
    const recorded = (line.split(/[=?] /)[1] as string).toLowerCase();
    const answer = (text: string): Answer => ({ status: 200, headers: undefined, seconds: 0, text });
    this.replay.compare(`${title}: ${name}`, answer(recorded), answer(String(ours)));
  }

  private section(number: string): Section {
    return this.sections.get(number) as Section;
  }

  private polls(since: Readonly<Record<string, bigint>>, timeoutMs: number, more = ""): Sent {
    const apps = Object.entries(since).map(([appid, ts]) => `&appid=${appid}&latest_timestamp=${ts}`);
    return this.get(`polls?env=dev&hostname=c${apps.join("")}${more}`, {
      "x1-bmspy-timeout": String(timeoutMs),
    });
  }

  private get(path: string, headers: Readonly<Record<string, string>> = {}): Sent {
    return this.replay.send({ method: "GET", path: `/discovery/${path}`, headers });
  }

  private post(call: string, appid: string, hostname: string, more = ""): Sent {
    const body = `region=sh&zone=sh001&env=dev&appid=${appid}&hostname=${hostname}&${more}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return this.replay.send({ method: "POST", path: `/discovery/${call}`, headers, body });
  }

  private async register(appid: string, hostname: string, status = 1): Promise<void> {
    const { text } = await this.post(
      "register",
      appid,
      hostname,
      `status=${status}&addrs=grpc://127.0.0.1:9`,
    ).answer();
    if (!text.startsWith('{"code":0,')) throw new Error(`register ${appid} ${hostname}: ${text}`);
  }

  /** The app's timestamp, as a fetch shows it. */
  private async latest(appid: string): Promise<bigint> {
    const { text } = await this.get(`fetch?env=dev&status=3&appid=${appid}`).answer();
    return dataOf(text)["latest_timestamp"] as bigint;
  }

  private pass(ms: number): Promise<void> {
    return this.replay.simulation.advance(ms, 10);
  }
}

function dataOf(text: string): Readonly<Record<string, Json>> {
  const envelope = parseExact(text);
  const data = isObject(envelope) ? envelope["data"] : undefined;
  if (!isObject(data)) throw new Error(`no data in ${text.slice(0, 120)}`);
  return data;
}
