// The openai client of JavaScript, pointed at Farthing. What it gets is printed as JSON, a line each.
// FARTHING_NODE_MODULES names the folder in which the package is; FARTHING_BASE_URL where to go.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.FARTHING_NODE_MODULES}/`);
const OpenAI = require("openai");

const client = new OpenAI({
  baseURL: process.env.FARTHING_BASE_URL,
  apiKey: "any",
  maxRetries: 0,
  defaultHeaders: { "cache-control": "no-store" },
});
const say = (name, value) => console.log(JSON.stringify({ name, value }));
const ask = (text, more = {}) => ({ model: "auto", messages: [{ role: "user", content: text }], ...more });
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather forecast for a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

const { data, response } = await client.chat.completions.create(ask("What is 17 * 23?")).withResponse();
say("plain", data);
say("model", response.headers.get("x-farthing-model"));

const chunks = [];
for await (const chunk of await client.chat.completions.create(ask("What is 17 * 23?", { stream: true }))) {
  chunks.push(chunk);
}
say("stream", chunks);

const usage = [];
const options = { stream: true, stream_options: { include_usage: true } };
for await (const chunk of await client.chat.completions.create(ask("What is 17 * 23?", options))) {
  usage.push(chunk);
}
say("usage", usage);

say("tools", await client.chat.completions.create(ask("The weather in Oslo?", { model: "auto:quality", tools: [weather] })));

const helper = client.chat.completions.stream(ask("What is 17 * 23?"));
say("helper", await helper.finalContent());

try {
  await client.chat.completions.create(ask("Hello", { model: "auto:cheep" }));
} catch (error) {
  say("error", { kind: error.constructor.name, status: error.status, code: error.code, param: error.param });
}

try {
  const cut = ask("Hello, how are you?", { model: "sim-mid", stream: true, metadata: { simulate: "cut,after=3" } });
  for await (const _ of await client.chat.completions.create(cut));
  say("cut", { kind: "it ended as if it were whole" });
} catch (error) {
  say("cut", { kind: error.constructor.name, message: error.message });
}

const models = [];
for await (const model of client.models.list()) models.push(model.id);
say("models", models);
