import { HeldPolls } from "./held-polls";

test("all polls that hang are answered at the end, each as the last of its connection", () => {
  const held = new HeldPolls();
  const answers: boolean[] = [];
  held.add((last) => answers.push(last));
  held.add((last) => answers.push(last));
  expect(held.size).toBe(2);
  held.close();
  expect(answers).toEqual([true, true]);
});

test("a poll taken out is not answered", () => {
  const held = new HeldPolls();
  const answers: boolean[] = [];
  const release = held.add((last) => answers.push(last));
  release();
  release();
  held.close();
  expect([answers, held.size]).toEqual([[], 0]);
});

test("a poll that comes after the end is answered at once", () => {
  const held = new HeldPolls();
  held.close();
  const answers: boolean[] = [];
  const release = held.add((last) => answers.push(last));
  release();
  expect([answers, held.size]).toEqual([[true], 0]);
});

test("an answer may take its poll out", () => {
  const held = new HeldPolls();
  const release = held.add(() => release());
  held.add(() => undefined);
  held.close();
  expect(held.size).toBe(1);
});
