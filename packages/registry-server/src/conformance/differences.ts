/** Something that discoveryd answers otherwise than the original, on purpose. */
export interface Difference {
  /** The section of docs/protocol.md that says so. */
  readonly section: number;
  /** What the original does. */
  readonly original: string;
  /** What discoveryd does. */
  readonly ours: string;
  /** Why, in one sentence. */
  readonly reason: string;
  /** Where the recordings show it: each of these places must differ, and no other place may. */
  readonly places: readonly Place[];
}

/** A place in the answers: all four must match a finding of the comparison. */
export interface Place {
  /** The title of the recorded request. */
  readonly request: RegExp;
  readonly path: RegExp;
  readonly recorded?: RegExp;
  readonly ours?: RegExp;
}

const ANY = /^/;

/** Every difference from the recorded traffic of the original: drives the conformance suite and docs/protocol.md. */
export const differences: readonly Difference[] = [
  {
    section: 1,
    original: 'The message of an error is its code, `"-400"`, or a line of the validator of its language.',
    ours: "The message names the parameter or instance, its value, and what is allowed.",
    reason: "Clients look at the code only; the message is for the person who reads it.",
    places: [
      { request: ANY, path: /^message$/, recorded: /^"(-4|Key: |strconv|nothere)/, ours: /^"(?!0"|-304")/ },
    ],
  },
  {
    section: 1,
    original: "The header `kratos-status-code` is missing when a parameter is wrong.",
    ours: "It is always there.",
    reason: "A proxy or a log that reads the header must not take a refusal for a success.",
    places: [{ request: ANY, path: /^header kratos-status-code$/, recorded: /^absent$/, ours: /^"-400"$/ }],
  },
  {
    section: 1,
    original: "The header `kratos-trace-id` is there, and empty.",
    ours: "It is not sent.",
    reason: "No known client reads it, and it never held anything.",
    places: [{ request: ANY, path: /^header kratos-trace-id$/, recorded: /^""$/, ours: /^absent$/ }],
  },
  {
    section: 1,
    original: "A -404 carries `data`: null, an instance of empty fields, or an app without instances.",
    ours: "`data` is left out when there is none.",
    reason:
      "An instance of empty fields looks like one, and no known client reads the data of a -404 to its own call.",
    places: [
      { request: /missing|fetch after cancel/, path: /^data$/, recorded: /^null$/, ours: /^absent$/ },
      { request: /renew missing host/, path: /^data$/, recorded: /^\{"region":""/, ours: /^absent$/ },
      { request: /fetch other zone/, path: /^data$/, recorded: /^\{"instances":\{\}/, ours: /^absent$/ },
    ],
  },
  {
    section: 1,
    original:
      "`polls` answers without `ttl` and with its fields in another order; `poll` without `ttl` on -404.",
    ours: "Every answer has the same envelope.",
    reason: "One shape needs one parser; order and `ttl` mean nothing to a client.",
    places: [
      { request: /poll/, path: /^ttl$/, recorded: /^absent$/, ours: /^1$/ },
      {
        request: ANY,
        path: /^\{order\}$/,
        recorded: /^code,data,error,message$/,
        ours: /^code,message,data,error$/,
      },
    ],
  },
  {
    section: 2,
    original:
      "Values joined by commas are one value: an address list of one, an unknown app, a wrong number.",
    ours: "They are split.",
    reason: "The Python client and older Go clients send lists so, and mean lists.",
    places: [
      { request: /^fetch comma$/, path: /\.addrs\[[01]\]$/ },
      { request: /^fetchs comma$/, path: /^data\.(provider|st2)$/, recorded: /^absent$/ },
      { request: /^polls comma-joined$/, path: /^(code|message|data|error|header kratos-status-code)$/ },
    ],
  },
  {
    section: 2,
    original: "A number in metadata is stored as an empty string.",
    ours: "It is stored as its text.",
    reason: '`{"weight":10}` is what the documentation of the original itself tells users to send.',
    places: [{ request: /^fetch nummeta$/, path: /\.metadata\.weight$/, recorded: /^""$/, ours: /^"10"$/ }],
  },
  {
    section: 2,
    original: "Metadata that is a list is taken as none.",
    ours: "It is refused with -400, unless it is empty; the instance is then not there.",
    reason: "A client whose metadata is thrown away should be told.",
    places: [
      { request: /^register array metadata$/, path: /^(code|message|header kratos-status-code)$/ },
      { request: /^fetch arrmeta$/, path: /^(code|message|data|header kratos-status-code)$/ },
      { request: /^11\. fetch\/all$/, path: /^data\.arrmeta$/ },
    ],
  },
  {
    section: 2,
    original: "`callback=cb` wraps the answer for JSONP.",
    ours: "It is ignored, as every unknown parameter is.",
    reason: "JSONP lets any web page read the registry, and no known client uses it.",
    places: [{ request: /^jsonp callback$/, path: /^body$/, recorded: /^"cb\(/, ours: /^"\{/ }],
  },
  {
    section: 3,
    original: "A cancel moves the app's timestamp by 1 ns.",
    ours: "It moves to the time of the cancel, on the grid of microseconds.",
    reason: "A client that parses with doubles cannot see 1 ns: it spins, or misses the cancel.",
    places: [{ request: /^2\. .*: T3-T2$/, path: /^$/, recorded: /^1$/, ours: /000$/ }],
  },
  {
    section: 4,
    original: "`fetch/all` shows empty metadata as null.",
    ours: "As `{}`.",
    reason: "The other routes of the original show `{}`, and a client should not need two cases.",
    places: [{ request: /^fetch\/all initially$/, path: /\.metadata$/, recorded: /^null$/, ours: /^\{\}$/ }],
  },
  {
    section: 4,
    original: "The instances of a zone come in random order.",
    ours: "In order of host name.",
    reason: "The same content is then the same text, which can be kept and compared.",
    places: [{ request: /^1\. /, path: /\.sh001\{order\}$/ }],
  },
  {
    section: 5,
    original: "A register with `status=3` is answered with an empty body.",
    ours: "With -400.",
    reason: "An empty body is an error of parsing to some clients and a success to others.",
    places: [{ request: /^register status 3$/, path: /^(body|header content-type)$/ }],
  },
  {
    section: 5,
    original: "`fetch/all` says how long it is.",
    ours: "It is streamed in chunks.",
    reason: "Nobody else may have to wait until 100,000 instances are encoded.",
    places: [{ request: /^fetch\/all/, path: /^header content-length$/, ours: /^absent$/ }],
  },
  {
    section: 5,
    original: "`polls` without `hostname` is refused.",
    ours: "It is answered.",
    reason: "Every request is its own waiter, so the host name is of no use.",
    places: [
      { request: /^polls no hostname$/, path: /^(code|message|data|error|header kratos-status-code)$/ },
    ],
  },
  {
    section: 5,
    original: "Pollers with the same host name get each other's answers.",
    ours: "Each gets its own.",
    reason: "Two processes on one machine otherwise miss changes of the apps they asked for.",
    places: [{ request: /^5\. .*: [AB]$/, path: /^(?!ttl$)/ }],
  },
  {
    section: 5,
    original: "An app whose instances are all waiting is news: an answer without an instance.",
    ours: "It is not, unless the poller sends `empty=1`.",
    reason: "Go clients ignore such an answer and poll again at once, for ever.",
    places: [{ request: /^(3\. .*: poll|7\. .*)$/, path: /^(?!ttl$)/ }],
  },
  {
    section: 5,
    original: "A set leaves the app's timestamp as it is, so who does not hang just then never hears of it.",
    ours: "It moves the app's timestamp, as every change does.",
    reason: "No change between two polls may be missed.",
    places: [
      {
        request: /^(fetch after set|polls?( |$))/,
        path: /^data\.(provider\.)?latest_timestamp$/,
        ours: /later/,
      },
      { request: /^3\. .*: lt same$/, path: /^$/ },
      { request: /^3b\. .*: poll$/, path: ANY },
    ],
  },
  {
    section: 5,
    original: "A set of a color is answered 0 and does nothing.",
    ours: "The color is stored as `metadata.color`.",
    reason: "That is what the call is for, and what register does with it.",
    places: [{ request: /^polls?( |$)/, path: /\.metadata\.color$/, recorded: /^absent$/, ours: /^"red"$/ }],
  },
  {
    section: 5,
    original: "A set of an unknown host name is a -400.",
    ours: "It is a -404.",
    reason: "The parameters are right; the instance is missing, and the client should register again.",
    places: [{ request: /^set unknown host$/, path: /^(code|header kratos-status-code)$/ }],
  },
];
