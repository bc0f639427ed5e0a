import { processColor } from "./config";

test("the color of a process is its DEPLOY_COLOR", () => {
  expect(processColor({ DEPLOY_COLOR: "red" })).toBe("red");
  expect(processColor({})).toBe("");
});
