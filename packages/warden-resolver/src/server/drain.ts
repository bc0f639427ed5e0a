import type { ServerHttp2Session } from "node:http2";
import { constants } from "node:http2";
import type { Clock } from "@discoveryd/runtime";
import type { Server } from "@grpc/grpc-js";

export interface DrainOptions {
  /** How long open calls may take to finish, in milliseconds. */
  readonly graceMs: number;
  readonly clock: Clock;
}

// More than a way around the world. Some clients do not answer: Node's does not when its last call ends meanwhile.
const NOTICE_MS = 500;

// "All streams up to here are still served": higher than any stream has. What RFC 9113, 6.8 asks a server to send first.
const ALL_STREAMS = 2 ** 31 - 1;

/**
 * Closes all connections of a server that listens no more. Clients are told first and only then refused: without the
 * notice a call sent in the moment of closing would be lost with its connection. Calls still open after `graceMs`
 * are cut.
 */
export async function drain(server: Server, { graceMs, clock }: DrainOptions): Promise<void> {
  await Promise.all(sessionsOf(server).map((session) => giveNotice(session, clock)));
  const sessions = sessionsOf(server);
  await new Promise<void>((resolve) => {
    const cancel = clock.after(graceMs, () => {
      server.forceShutdown();
      resolve();
    });
    const shutdown = new Promise<void>((done) => server.tryShutdown(() => done()));
    // grpc-js takes a session that is closing for one that is over. One at the end of its age is closing; on Node 24 each is,
    // because there a server that closes closes its sessions.
    void Promise.all([shutdown, ...sessions.map(untilOver)]).then(() => {
      cancel();
      resolve();
    });
  });
}

/** Resolves when the last call of a session is over, and its connection is closed. */
function untilOver(session: ServerHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    if (session.destroyed) resolve();
    else session.once("close", resolve);
  });
}

/** grpc-js keeps them to itself. Where a later version names them otherwise, the notice is left out, and its word is taken. */
function sessionsOf(server: Server): ServerHttp2Session[] {
  const { sessions } = server as unknown as { readonly sessions?: unknown };
  return sessions instanceof Map ? [...(sessions as Map<ServerHttp2Session, unknown>).keys()] : [];
}

/** Resolves when the client has heard that it should go elsewhere: calls it sent before have then arrived here. */
function giveNotice(session: ServerHttp2Session, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(NOTICE_MS, resolve);
    const done = () => {
      cancel();
      resolve();
    };
    if (session.destroyed || session.closed) return done();
    session.once("close", done);
    session.goaway(constants.NGHTTP2_NO_ERROR, ALL_STREAMS);
    // Answered in order: the client has read the notice when it answers this.
    if (!session.ping(done)) done();
  });
}
