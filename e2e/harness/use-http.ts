import { Agent, type Dispatcher } from "undici";

/** An HTTP answer, as text. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks ports of 127.0.0.1. */
export interface Http {
  get(port: number, path: string): Promise<Answer>;
  /** A form as the body. */
  post(port: number, path: string, form: string): Promise<Answer>;
}

/** Connections for each test of a file, closed after it. */
export function useHttp(): Http {
  let agent = new Agent();

  afterEach(async () => {
    await agent.destroy();
    agent = new Agent();
  });
  afterAll(() => agent.destroy());

  async function send(
    port: number,
    path: string,
    request: Partial<Dispatcher.RequestOptions>,
  ): Promise<Answer> {
    const { statusCode, body } = await agent.request({
      method: "GET",
      ...request,
      origin: `http://127.0.0.1:${port}`,
      path,
    });
    return { status: statusCode, text: await body.text() };
  }

  return {
    get: (port, path) => send(port, path, {}),
    post: (port, path, form) =>
      send(port, path, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: form,
      }),
  };
}
