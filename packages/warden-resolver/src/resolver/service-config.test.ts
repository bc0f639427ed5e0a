import { buildServiceConfig, channelServiceConfig } from "./service-config";

test("without a service config the target's balancer is used, by default p2c", () => {
  expect(channelServiceConfig(undefined, undefined)).toEqual({
    loadBalancingConfig: [{ warden_p2c: {} }],
    methodConfig: [],
  });
  expect(channelServiceConfig(undefined, "wrr").loadBalancingConfig).toEqual([{ warden_wrr: {} }]);
});

test("a policy that the channel names is left alone", () => {
  const text = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
  expect(channelServiceConfig(text, "wrr").loadBalancingConfig).toEqual([{ round_robin: {} }]);
});

test("what a channel sets for methods and retries passes through", () => {
  const retryPolicy = { maxAttempts: 3, retryableStatusCodes: ["UNAVAILABLE"] };
  const method = { name: [{ service: "demo" }], retryPolicy };
  const retryThrottling = { maxTokens: 10, tokenRatio: 0.1 };
  const text = JSON.stringify({ methodConfig: [method], retryThrottling });
  expect(channelServiceConfig(text, undefined)).toEqual({
    loadBalancingConfig: [{ warden_p2c: {} }],
    methodConfig: [method],
    retryThrottling,
  });
});

test.each([
  ["1s", { seconds: 1, nanos: 0 }],
  ["0.25s", { seconds: 0, nanos: 250_000_000 }],
  [
    { seconds: 2, nanos: 0 },
    { seconds: 2, nanos: 0 },
  ],
])("a timeout of %j is what grpc-js works with", (timeout, expected) => {
  const text = JSON.stringify({ methodConfig: [{ name: [{}], timeout }] });
  expect(channelServiceConfig(text, undefined).methodConfig).toEqual([{ name: [{}], timeout: expected }]);
});

test("outlier detection wraps the balancer", () => {
  expect(buildServiceConfig({ balancer: "wrr", outlierDetection: true })).toEqual({
    loadBalancingConfig: [
      {
        outlier_detection: {
          failure_percentage_ejection: {},
          success_rate_ejection: {},
          child_policy: [{ warden_wrr: {} }],
        },
      },
    ],
    methodConfig: [],
  });
});

test("outlier detection's options carry over in the units of grpc", () => {
  const outlierDetection = {
    intervalMs: 1_500,
    baseEjectionMs: 30_000,
    maxEjectionMs: 60_000,
    maxEjectionPercent: 50,
    failurePercentage: { threshold: 50, requestVolume: 5 },
  };
  expect(buildServiceConfig({ outlierDetection })).toMatchObject({
    loadBalancingConfig: [
      {
        outlier_detection: {
          interval: { seconds: 1, nanos: 500_000_000 },
          base_ejection_time: { seconds: 30, nanos: 0 },
          max_ejection_time: { seconds: 60, nanos: 0 },
          max_ejection_percent: 50,
          failure_percentage_ejection: { threshold: 50, request_volume: 5 },
        },
      },
    ],
  });
});

test("methods and retry throttling are part of what is built", () => {
  const methodConfig = [{ name: [{}], timeout: "1s" }];
  const retryThrottling = { maxTokens: 10, tokenRatio: 0.1 };
  expect(buildServiceConfig({ methodConfig, retryThrottling })).toEqual({
    loadBalancingConfig: [{ warden_p2c: {} }],
    methodConfig,
    retryThrottling,
  });
});
