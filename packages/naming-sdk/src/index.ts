export type * from "./naming";
