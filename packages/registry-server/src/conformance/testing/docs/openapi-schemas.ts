import { settings } from "../../../settings";

type Json = string | number | boolean | null | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export function refTo(schema: keyof typeof schemas): JsonObject {
  return { $ref: `#/components/schemas/${schema}` };
}

const text = { type: "string" };
const timestamp = { $ref: "#/components/schemas/Timestamp" };
const instances = { type: "array", items: { $ref: "#/components/schemas/Instance" } };
const byZone = { type: "object", additionalProperties: instances };
const scheduler = { $ref: "#/components/schemas/Scheduler" };

const schemas = {
  Timestamp: {
    type: "integer",
    format: "int64",
    description: "Nanoseconds since the epoch, above 2^53. Those that the registry issues end with 000.",
  },
  Status: { type: "integer", enum: [1, 2, 3], description: "1 up, 2 waiting; as a filter, 3 is both." },
  Address: {
    type: "string",
    maxLength: settings.maxAddrBytes.default,
    pattern:
      "^([A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._-]+(:[0-9]{1,5})?|([0-9]{1,3}\\.){3}[0-9]{1,3}:[0-9]{1,5})$",
    examples: ["grpc://127.0.0.1:9000"],
  },
  MetadataText: {
    type: "string",
    maxLength: settings.maxMetadataBytes.default,
    contentMediaType: "application/json",
    pattern: '^\\{("[a-z]{1,8}":"[a-z0-9]{0,8}")?\\}$',
    description: "A JSON object, string to string. The pattern is a simple subset of what is taken.",
    examples: ['{"weight":"10"}'],
  },
  Metadata: { type: "object", additionalProperties: text },
  Instance: object({
    region: text,
    zone: text,
    env: text,
    appid: text,
    hostname: text,
    addrs: { type: "array", items: text },
    version: text,
    metadata: { $ref: "#/components/schemas/Metadata" },
    status: { enum: [1, 2] },
    reg_timestamp: timestamp,
    up_timestamp: timestamp,
    renew_timestamp: timestamp,
    dirty_timestamp: timestamp,
    latest_timestamp: timestamp,
  }),
  InstanceKey: object({ env: text, appid: text, zone: text, hostname: text }),
  Outcome: {
    type: "object",
    required: ["code"],
    properties: {
      code: { enum: [0, -404, -400] },
      message: { type: "string", description: "With -400: why." },
    },
  },
  Scheduler: object({
    clients: {
      type: "object",
      additionalProperties: object({
        zones: {
          type: "object",
          additionalProperties: object({ weight: { type: "integer", minimum: 0 } }),
        },
      }),
    },
  }),
  InstancesInfo: object({ instances: byZone, latest_timestamp: timestamp }, { scheduler }),
  FlatInstancesInfo: object(
    {
      instances,
      zone_instances: byZone,
      latest_timestamp: timestamp,
      latest_timestamp_str: { type: "string", pattern: "^[0-9]+$" },
    },
    { scheduler },
  ),
  Node: object({ addr: text, status: { enum: [0, 1] }, zone: text }),
} as const;

/** The description's shared parts. */
export const components: JsonObject = { schemas };

function object(required: JsonObject, optional: JsonObject = {}): JsonObject {
  return {
    type: "object",
    required: Object.keys(required),
    properties: { ...required, ...optional },
    additionalProperties: false,
  };
}
