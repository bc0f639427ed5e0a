import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

// Few rules, each with its reason. Which file may import which of ours is in scripts/layers.json.

const tests = ["**/*.test.ts", "**/src/**/testing/**"];

export default defineConfig(
  globalIgnores(["**/dist/", "**/coverage/", "**/gen/", "**/.turbo/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },

  {
    files: ["**/*.{js,cjs,mjs,ts}"],
    extends: [js.configs.recommended],
    rules: {
      // A named export has one name everywhere: searching for it finds every use.
      "no-restricted-exports": ["error", { restrictDefaultExports: everyDefaultExport() }],
      // `== null` is the readable test for null and undefined. Any other `==` converts in silence.
      eqeqeq: ["error", "always", { null: "ignore" }],
      // An error swallowed without a word of why is a fault nobody can trace.
      "no-empty": "error",
      // What is not used is deleted.
      "no-unused-vars": ["error", placeholders()],
      // undici's pools have bounds, timeouts and an owner that closes them. The global fetch has none of these.
      "no-restricted-globals": ["error", noFetch()],
    },
  },

  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommended],
    // One program over all workspaces takes half the time of one for each.
    languageOptions: {
      parserOptions: { project: "tsconfig.lint.json", tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // A promise nobody awaits loses its error, or ends the process with it. `void` says that this is meant.
      "@typescript-eslint/no-floating-promises": "error",
      // An async function where nobody looks at the promise: the same loss, better hidden.
      "@typescript-eslint/no-misused-promises": "error",
      // A new state of a union must be thought about in every switch over it.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      // `any` switches the compiler off. What comes from outside is `unknown`, and parsed at once.
      "@typescript-eslint/no-explicit-any": "error",
      // What is only a type is gone at run time, and the import says so: the layers can be read from the imports.
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", placeholders()],
    },
  },

  {
    // Time comes from a Clock and chance from a Random, which tests replace and simulations skew.
    files: ["{packages,apps}/*/src/**/*.ts"],
    ignores: ["packages/runtime/src/**"],
    rules: {
      "no-restricted-globals": ["error", noFetch(), ...noTimers()],
      "no-restricted-properties": ["error", ...noTime(), noChance(), noEnvironment()],
      "no-restricted-syntax": ["error", ...noDate()],
    },
  },
  {
    // The environment is read in one place, so that every other part can be given its own configuration.
    files: ["{packages,apps}/*/src/**/{config,main,run-main}.ts"],
    rules: { "no-restricted-properties": ["error", ...noTime(), noChance()] },
  },
  {
    // A test may bound a wait and set up an environment. Chance stays seeded, or a failure cannot be repeated.
    files: tests,
    rules: {
      "no-restricted-globals": ["error", noFetch()],
      "no-restricted-properties": ["error", noChance()],
      "no-restricted-syntax": "off",
    },
  },

  {
    // Express stays at the edge: the registry is used and tested without a server.
    files: ["packages/**/*.ts"],
    ignores: ["packages/registry-server/src/http/**"],
    rules: { "no-restricted-imports": ["error", { name: "express", message: "Only http/ knows Express." }] },
  },
  {
    // grpc-js' plug-in points change with every minor version: few files know them.
    files: ["packages/**/*.ts"],
    ignores: [
      ...tests,
      "packages/warden-resolver/src/register.ts",
      "packages/warden-resolver/src/{resolver,interceptors,client,server}/**",
      "packages/warden-resolver/src/balancer/{policies,load-balancer,connection,picker}.ts",
    ],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          name: "@grpc/grpc-js",
          message: "Only the files at grpc-js' seams know it: see docs/architecture.md.",
        },
      ],
    },
  },
  {
    // A library speaks through the logger it is given. What it printed would land in the application's output.
    files: ["packages/*/src/**/*.ts"],
    ignores: ["packages/*/src/main.ts", ...tests],
    rules: { "no-console": "error" },
  },

  {
    // Node scripts, outside every TypeScript project.
    files: ["**/*.{js,cjs,mjs}"],
    languageOptions: { globals: nodeGlobals() },
  },
  { files: ["**/*.{js,cjs}"], languageOptions: { sourceType: "commonjs" } },
  {
    // ESLint reads its configuration from the default export.
    files: ["eslint.config.mjs"],
    rules: { "no-restricted-exports": "off" },
  },
);

function everyDefaultExport() {
  return { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true };
}

/** `_next` only holds a place: Express counts an error handler's parameters. `{ a, ...rest }` takes a out of rest. */
function placeholders() {
  return { argsIgnorePattern: "^_", ignoreRestSiblings: true };
}

function noFetch() {
  return { name: "fetch", message: "Use an undici Pool, Agent or Client that somebody closes." };
}

// setImmediate is left alone: it yields, it does not wait.
function noTimers() {
  return ["setTimeout", "setInterval"].map((name) => ({
    name,
    message: "Use clock.after, repeat or sleep of @discoveryd/runtime.",
  }));
}

function noTime() {
  return [
    ["Date", "now"],
    ["performance", "now"],
    ["process", "hrtime"],
    ["AbortSignal", "timeout"],
  ].map(([object, property]) => ({ object, property, message: "Use the Clock of @discoveryd/runtime." }));
}

function noChance() {
  return { object: "Math", property: "random", message: "Use the Random of @discoveryd/runtime." };
}

function noEnvironment() {
  return { object: "process", property: "env", message: "Only config.ts and main.ts read the environment." };
}

function noDate() {
  const now = "Use clock.now(). A Date of a given moment is fine.";
  return [
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: now },
    { selector: "CallExpression[callee.name='Date']", message: now },
    {
      selector: "[source.value=/^(node:)?timers/]",
      message: "Use the Clock of @discoveryd/runtime.",
    },
  ];
}

function nodeGlobals() {
  return Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, "readonly"]));
}
