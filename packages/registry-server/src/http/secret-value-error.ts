import { CodedError, badParameter, codes } from "@discoveryd/protocol";

/** A -400 about a value that an application may keep for itself: its client is shown the value, the log is not. */
export class SecretValueError extends CodedError {
  /** The message without the value. */
  readonly logged: string;

  constructor(name: string, value: string, allowed: string) {
    super(codes.badRequest, badParameter(name, value, allowed).message);
    this.logged = `parameter ${name}: ${allowed}`;
  }
}
