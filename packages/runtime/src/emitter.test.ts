import { Emitter } from "./emitter";

test("listeners are called within emit, in the order they were added", () => {
  const emitter = new Emitter<number>();
  const heard: string[] = [];
  emitter.on((value) => heard.push(`first ${value}`));
  emitter.on((value) => heard.push(`second ${value}`));
  emitter.emit(1);
  expect(heard).toEqual(["first 1", "second 1"]);
});

test("a listener that was removed hears no more", () => {
  const emitter = new Emitter<number>();
  const heard: number[] = [];
  const off = emitter.on((value) => heard.push(value));
  emitter.emit(1);
  off();
  off();
  emitter.emit(2);
  expect(heard).toEqual([1]);
  expect(emitter.size).toBe(0);
});

test("a function added twice is two listeners", () => {
  const emitter = new Emitter<number>();
  const heard: number[] = [];
  const listener = (value: number) => void heard.push(value);
  const off = emitter.on(listener);
  emitter.on(listener);
  emitter.emit(1);
  off();
  emitter.emit(2);
  expect(heard).toEqual([1, 1, 2]);
});

test("one that throws does not stop the others, and emit throws the first error", () => {
  const emitter = new Emitter<number>();
  const heard: number[] = [];
  emitter.on(() => {
    throw new Error("first");
  });
  emitter.on(() => {
    throw new Error("second");
  });
  emitter.on((value) => heard.push(value));
  expect(() => emitter.emit(1)).toThrow("first");
  expect(heard).toEqual([1]);
});

test("one that is removed by another within emit is not called any more", () => {
  const emitter = new Emitter<number>();
  const heard: string[] = [];
  emitter.on(() => off());
  const off = emitter.on(() => heard.push("removed"));
  emitter.emit(1);
  expect(heard).toEqual([]);
});

test("one that is added by another within emit waits for the next value", () => {
  const emitter = new Emitter<number>();
  const heard: number[] = [];
  const off = emitter.on(() => {
    off();
    emitter.on((value) => heard.push(value));
  });
  emitter.emit(1);
  emitter.emit(2);
  expect(heard).toEqual([2]);
});
