export { FakeClock } from "./fake-clock";
export { seededRandom } from "./random";
