// A conversation is a tree of messages: an edited question or a second answer is a new branch, and nothing is lost.
// { id, title, changed, leaf, messages: { id: { id, parent, role, content, … } } }; what is shown is the path to `leaf`.
const ROLES = ["user", "assistant", "tool"];

export const newId = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (part) => part.toString(36)).join("");

export function newConversation() {
  return { id: newId(), title: "", changed: Date.now(), leaf: null, messages: {} };
}

// Append a message behind `parent`, which is the end of what is shown unless said otherwise, and show it.
export function add(conversation, message, parent = conversation.leaf) {
  const whole = { id: newId(), parent, at: Date.now(), ...message };
  conversation.messages[whole.id] = whole;
  conversation.leaf = whole.id;
  conversation.changed = whole.at;
  if (message.role === "user" && !conversation.title) conversation.title = shortTitle(message.content);
  return whole;
}

// The messages that are shown, first to last.
export function path(conversation) {
  const list = [];
  for (let id = conversation.leaf; id; id = conversation.messages[id].parent) list.push(conversation.messages[id]);
  return list.reverse();
}

// The versions of a message, oldest first: those that follow the same one.
export function versions(conversation, message) {
  return Object.values(conversation.messages)
    .filter((other) => other.parent === message.parent && other.role === message.role)
    .sort((one, other) => one.at - other.at);
}

// Show another version, down to the newest message that follows it.
export function show(conversation, message) {
  const behind = new Set([message.id]);
  let last = message;
  for (const other of Object.values(conversation.messages)) {   // oldest first: a message comes after its parent
    if (!behind.has(other.parent)) continue;
    behind.add(other.id);
    last = other;
  }
  conversation.leaf = last.id;
}

// Take a message away that nothing follows, such as an answer that failed before its first word.
export function drop(conversation, message) {
  if (conversation.leaf === message.id) conversation.leaf = message.parent;
  delete conversation.messages[message.id];
}

// The shown messages cut into turns: a question and the messages that answer it.
export function turns(conversation) {
  const list = [];
  for (const message of path(conversation)) {
    if (message.role === "user") list.push({ question: message, answers: [] });
    else list.at(-1)?.answers.push(message);
  }
  return list;
}

// The calls of an answer that have no result among the shown messages.
export function openCalls(conversation, answer) {
  const answered = new Set(path(conversation).filter((message) => message.role === "tool").map((message) => message.callId));
  return (answer.calls ?? []).filter((call) => !answered.has(call.id));
}

// The shown messages in OpenAI's form. Calls without results, and answers without words, are left out: a model must
// not be shown a call that nobody answered.
export function toRequest(conversation, system) {
  const shown = path(conversation);
  const lastQuestion = shown.findLastIndex((message) => message.role === "user");
  const request = system.trim() ? [{ role: "system", content: system }] : [];
  for (const [place, message] of shown.entries()) {
    if (message.role === "user") request.push({ role: "user", content: message.content });
    if (message.role !== "assistant") continue;
    const complete = message.calls?.length && !openCalls(conversation, message).length;
    if (!complete && !message.content) continue;
    const entry = { role: "assistant", content: message.content };
    if (message.reasoning && place > lastQuestion) entry.reasoning_content = message.reasoning;
    if (complete) entry.tool_calls = message.calls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } }));
    request.push(entry);
    if (!complete) continue;
    for (const call of message.calls) {
      const result = shown.find((other) => other.role === "tool" && other.callId === call.id);
      request.push({ role: "tool", tool_call_id: call.id, content: result.content });
    }
  }
  return request;
}

export function shortTitle(text) {
  const line = text.trim().split("\n")[0];
  return line.length > 60 ? `${line.slice(0, 58)}…` : line;
}

// A conversation from a file or from storage, with only what belongs in it; null if it is none.
export function readConversation(value) {
  if (!isObject(value) || typeof value.id !== "string" || !isObject(value.messages)) return null;
  const messages = {};
  for (const [id, message] of Object.entries(value.messages)) {
    if (!isObject(message) || message.id !== id || !ROLES.includes(message.role) || typeof message.content !== "string") return null;
    messages[id] = { ...message, parent: typeof message.parent === "string" ? message.parent : null, at: Number(message.at) || 0 };
    if (message.calls !== undefined) messages[id].calls = readCalls(message.calls);
    if (typeof message.reasoning !== "string") delete messages[id].reasoning;
  }
  if (!isTree(messages)) return null;
  const leaf = typeof value.leaf === "string" && value.leaf in messages ? value.leaf : null;
  return { id: value.id, title: String(value.title ?? ""), changed: Number(value.changed) || 0, leaf, messages };
}

function readCalls(calls) {
  if (!Array.isArray(calls)) return [];
  return calls.filter(isObject).map((call) => ({ id: String(call.id), name: String(call.name), arguments: String(call.arguments) }));
}

// Whether every message leads to a first one without going in a circle.
function isTree(messages) {
  const good = new Set([null]);
  for (const message of Object.values(messages)) {
    const way = new Set();
    let id = message.id;
    for (; !good.has(id); id = messages[id].parent) {
      if (way.has(id) || !(id in messages)) return false;
      way.add(id);
    }
    for (const step of way) good.add(step);
  }
  return true;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
