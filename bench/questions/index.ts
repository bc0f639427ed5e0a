import type { Question } from "../harness/question";
import { fetch } from "./fetch";
import { oneChanged } from "./one-changed";
import { polls } from "./polls";
import { register } from "./register";
import { renew } from "./renew";

/** In the order of the report. */
export const questions: readonly Question[] = [renew, register, fetch, oneChanged, polls];
