// The tools a request lists: the calculator, which runs here, and the reader's own, whose results the reader writes.
import { CALCULATOR, calculate } from "./calculator.js";
import { ServerError } from "./api.js";
import { say } from "./words.js";

export const EXAMPLE = JSON.stringify([
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "The weather of a city now.",
      parameters: { type: "object", properties: { city: { type: "string", description: "Name of the city" } }, required: ["city"] },
    },
  },
], null, 2);

// The reader's tools from their JSON: a list of functions, each in OpenAI's form or only the inside of it.
// Throws ServerError of kind "tools" that says what is wrong.
export function readOwnTools(text) {
  if (!text.trim()) return [];
  let list;
  try { list = JSON.parse(text); } catch (error) { throw new ServerError("tools", { message: error.message }); }
  if (!Array.isArray(list)) list = [list];
  return list.map((entry, place) => {
    const inside = entry?.function ?? entry;
    if (typeof inside !== "object" || inside === null || typeof inside.name !== "string" || !inside.name) {
      throw new ServerError("tools", { message: `[${place}].name` });
    }
    return { type: "function", function: inside };
  });
}

export function activeTools(settings) {
  const own = readOwnTools(settings.ownTools);
  const taken = own.some((tool) => tool.function.name === CALCULATOR.function.name);
  return settings.calculator && !taken ? [CALCULATOR, ...own] : own;
}

// The result of a call as { content, failed }; null where the reader has to write it.
export function runTool(call, tools) {
  const tool = tools.find((known) => known.function.name === call.name);
  if (!tool) return { content: `Error: ${say.unknownTool(call.name)}`, failed: true };
  if (tool !== CALCULATOR) return null;
  try {
    return { content: calculate(readArguments(call).expression), failed: false };
  } catch (error) {
    return { content: `Error: ${error.message}`, failed: true };
  }
}

function readArguments(call) {
  try { return JSON.parse(call.arguments || "{}") ?? {}; } catch { throw new Error(say.badArguments); }
}
