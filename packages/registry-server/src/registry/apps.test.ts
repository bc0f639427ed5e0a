import { App } from "./app";
import { Apps } from "./apps";

test("an app is one for its env and app id", () => {
  const apps = new Apps();
  const app = apps.open("dev", "provider");
  expect(apps.open("dev", "provider")).toBe(app);
  expect(apps.find("dev", "provider")).toBe(app);
  expect(apps.open("prod", "provider")).not.toBe(app);
  expect(apps.find("dev", "other")).toBeUndefined();
});

test("infra.discovery is one app in every env", () => {
  const apps = new Apps();
  const infra = apps.open("dev", "infra.discovery");
  expect(apps.open("prod", "infra.discovery")).toBe(infra);
  expect(apps.find("uat", "infra.discovery")).toBe(infra);
});

test("an env named * is an env like any other", () => {
  const apps = new Apps();
  expect(apps.open("*", "provider")).not.toBe(apps.open("dev", "provider"));
});

test("a forgotten app is gone, its namesake in another env is not", () => {
  const apps = new Apps();
  const [dev, prod] = [apps.open("dev", "provider"), apps.open("prod", "provider")];
  apps.forget(dev);
  expect([...apps.all()]).toEqual([prod]);
  apps.forget(prod);
  expect([...apps.groups()]).toEqual([]);
});

test("an app forgotten already does not take its successor with it", () => {
  const apps = new Apps();
  const former = apps.open("dev", "provider");
  apps.forget(former);
  const app = apps.open("dev", "provider");
  apps.forget(former);
  apps.forget(new App("dev", "unheard-of"));
  expect(apps.find("dev", "provider")).toBe(app);
});

test("app ids of the wire are data", () => {
  const apps = new Apps();
  const app = apps.open("__proto__", "__proto__");
  expect(apps.find("__proto__", "__proto__")).toBe(app);
  expect(apps.find("dev", "constructor")).toBeUndefined();
});

test("apps come by app id, each over all its envs", () => {
  const apps = new Apps();
  apps.open("dev", "a");
  apps.open("dev", "b");
  apps.open("prod", "a");
  expect([...apps.groups()].map(([appid, envs]) => [appid, [...envs.keys()]])).toEqual([
    ["a", ["dev", "prod"]],
    ["b", ["dev"]],
  ]);
});
