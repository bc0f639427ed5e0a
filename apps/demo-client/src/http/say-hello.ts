import type { HelloReply } from "@discoveryd/demo-proto";
import { badParameter, CodedError, codes, encodeEnvelope, STATUS_CODE_HEADER } from "@discoveryd/protocol";
import type { RequestHandler, Response } from "express";
import type { Logger } from "pino";

/** The longest name that is greeted, in characters. */
const MAX_NAME = 100;

export interface SayHelloOptions {
  /** Asks a server. Rejects with a CodedError when none answers in time. */
  readonly hello: (name: string) => Promise<HelloReply>;
  readonly logger: Logger;
}

/**
 * `GET /say_hello?name=Ada`. Every outcome is HTTP 200 and an envelope: its code tells how it went.
 * Without a name the world is greeted.
 */
export function sayHello({ hello, logger }: SayHelloOptions): RequestHandler {
  return async (request, response) => {
    try {
      const { content, servedBy } = await hello(readName(request.query["name"]));
      answer(response, codes.ok, "0", JSON.stringify({ content, served_by: servedBy }));
    } catch (thrown) {
      const { code, message, cause } = CodedError.from(thrown);
      if (code !== codes.badRequest) logger.warn({ code, reason: message, cause }, "say_hello failed");
      answer(response, code, message);
    }
  };
}

function answer(response: Response, code: number, message: string, data?: string): void {
  response
    .set(STATUS_CODE_HEADER, String(code))
    .type("application/json")
    .send(encodeEnvelope(code, message, data));
}

function readName(value: unknown): string {
  // Given more than once, the first one counts, as in the registry.
  const name: unknown = Array.isArray(value) ? value[0] : (value ?? "");
  if (typeof name !== "string") throw badParameter("name", JSON.stringify(value), "text is expected");
  if ([...name].length > MAX_NAME)
    throw badParameter("name", name, `at most ${MAX_NAME} characters are greeted`);
  return name;
}
