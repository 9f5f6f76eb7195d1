// The openai client of JavaScript at three doors: chat, Responses, embeddings. A line of JSON for each.
// FARTHING_NODE_MODULES names the folder in which the package is; FARTHING_BASE_URL where to go.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.FARTHING_NODE_MODULES}/`);
const OpenAI = require("openai");

const client = new OpenAI({ baseURL: process.env.FARTHING_BASE_URL, apiKey: "any", maxRetries: 0 });
const say = (name, value) => console.log(JSON.stringify({ name, value }));
const question = "What is 17 * 23?";

let said = "";
const messages = [{ role: "user", content: question }];
for await (const chunk of await client.chat.completions.create({ model: "gpt", messages, stream: true })) {
  said += chunk.choices[0]?.delta?.content ?? "";
}
say("chat", said);

const kinds = [];
const asked = { model: "gpt", input: question, tools: [{ type: "web_search" }], stream: true };
for await (const event of await client.responses.create(asked)) {
  kinds.push(event.type);
  if (event.type === "response.completed") say("response", event.response);
}
say("kinds", kinds);

const final = await client.responses.stream({ model: "gpt", input: question }).finalResponse();
say("final", final.output_text);

const { data } = await client.embeddings.create({ model: "vectors", input: ["one", "two"] });
say("embeddings", data.map((each) => each.embedding.length));
