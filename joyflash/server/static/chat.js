import { render } from "./markdown.js";
import { chunks } from "./stream.js";
import { WORDS, firstLanguage } from "./words.js";

const $ = (id) => document.getElementById(id);
let language = firstLanguage();
let history = [];      // what is sent: user and assistant messages
let running = null;    // AbortController of the answer being written
let model = "";
const say = () => WORDS[language];

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say()[element.dataset.say];
  for (const element of document.querySelectorAll("[data-say-placeholder]")) element.placeholder = say()[element.dataset.sayPlaceholder];
  for (const element of document.querySelectorAll("[data-say-label]")) element.setAttribute("aria-label", say()[element.dataset.sayLabel]);
  $("language").textContent = say().language;
  $("suggestions").replaceChildren(...say().suggestions.map((text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.onclick = () => send(text);
    return button;
  }));
  showState();
}

function showState() {
  const idle = running === null;
  $("send").classList.toggle("stop", !idle);
  $("send").disabled = idle && $("input").value.trim() === "";
  $("send").setAttribute("aria-label", idle ? say().send : say().stop);
  $("welcome").hidden = $("messages").childElementCount > 0;
}

function add(parent, tag, kind, text) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

// Keep the end in view, unless the reader has scrolled up.
function follow(change) {
  const scroll = $("scroll");
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  change();
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

function inWords(error) {
  if (error instanceof TypeError) return say().unreachable;
  if (error.code === "broken") return say().broken;
  return say().problems[error.code] || say().problems[error.status] || error.message;
}

function requestBody() {
  const system = $("system").value.trim();
  const body = {
    model,
    messages: system ? [{ role: "system", content: system }, ...history] : history,
    chat_template_kwargs: { enable_thinking: $("thinking").checked },
  };
  if ($("temperature").value !== "") body.temperature = Number($("temperature").value);
  if ($("max-tokens").value !== "") body.max_tokens = Number($("max-tokens").value);
  return body;
}

// The answer as it is put together from chunks, and the elements that show it.
class Answer {
  constructor() {
    this.message = { role: "assistant", content: "" };
    this.reasoning = "";
    this.calls = [];
    this.usage = null;
    this.finish = null;
    this.firstToken = null;
    this.box = add($("messages"), "div", "message assistant busy");
    this.text = add(this.box, "div", "text");
  }

  take(chunk) {
    if (chunk.usage) this.usage = chunk.usage;
    const choice = chunk.choices[0];
    if (!choice) return;
    const delta = choice.delta;
    if (delta.content || delta.reasoning_content || delta.tool_calls) this.firstToken ??= performance.now();
    this.message.content += delta.content || "";
    this.reasoning += delta.reasoning_content || "";
    for (const part of delta.tool_calls || []) {
      const call = (this.calls[part.index] ??= { id: part.id, type: "function", function: { name: "", arguments: "" } });
      call.function.name += part.function?.name || "";
      call.function.arguments += part.function?.arguments || "";
    }
    this.finish = choice.finish_reason || this.finish;
    follow(() => this.show());
  }

  show() {
    if (this.reasoning) {
      if (!this.thought) {
        const details = document.createElement("details");
        details.className = "thought";
        details.open = true;
        add(details, "summary", "", say().thought);
        this.thought = add(details, "div");
        this.text.before(details);
      }
      this.thought.textContent = this.reasoning.trim();
    }
    render(this.text, this.message.content);
    this.calls.forEach((call, index) => {
      const id = `call-${index}`;
      const card = this.box.querySelector(`.${id}`) || add(this.box, "div", `call ${id}`);
      card.replaceChildren();
      add(card, "b", "", say().call);
      add(card, "code", "", `${call.function.name}(${call.function.arguments})`);
    });
  }

  close(note) {
    this.box.classList.remove("busy");
    const notes = [];
    const count = this.usage?.completion_tokens;
    if (count > 1 && this.firstToken) {
      const seconds = (performance.now() - this.firstToken) / 1000;
      notes.push(say().speed(count, ((count - 1) / Math.max(seconds, 0.001)).toFixed(1)));
    }
    if (this.finish === "length") notes.push(say().cut);
    if (note) notes.push(note);
    if (!note && !this.message.content && !this.calls.length) notes.push(say().empty);
    if (notes.length) follow(() => add(this.box, "div", "meta", notes.join(" · ")));
  }

  get worthKeeping() { return this.message.content !== "" || this.calls.length > 0; }
}

async function send(text) {
  if (running || text.trim() === "") return;
  $("input").value = "";
  fit();
  const mine = { role: "user", content: text };
  history.push(mine);
  add(add($("messages"), "div", "message user"), "div", "text", text);
  const answer = new Answer();
  const controller = (running = new AbortController());
  showState();
  $("scroll").scrollTop = $("scroll").scrollHeight;
  let note = "", failed = null;
  try {
    for await (const chunk of chunks(requestBody(), $("api-key").value, controller.signal)) answer.take(chunk);
  } catch (error) {
    if (error.name === "AbortError") note = say().stopped;
    else failed = error;
  }
  if (!answer.box.isConnected) return;   // a new chat was started meanwhile
  running = null;
  if (failed) {
    answer.box.classList.remove("busy");
    follow(() => add(answer.box, "div", "error", inWords(failed)));
    console.warn(failed);
  } else answer.close(note);
  if (answer.calls.length) answer.message.tool_calls = answer.calls;
  if (answer.worthKeeping && !failed) history.push(answer.message);
  else {
    history = history.filter((message) => message !== mine);   // so that the next try starts clean
    if (failed && $("input").value === "") { $("input").value = text; fit(); }
  }
  showState();
  $("input").focus();
}

function newChat() {
  running?.abort();
  running = null;
  history = [];
  $("messages").replaceChildren();
  showState();
  $("input").focus();
}

function fit() {
  const input = $("input");
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
  showState();
}

async function findModel() {
  try {
    const headers = $("api-key").value ? { Authorization: `Bearer ${$("api-key").value}` } : {};
    const response = await fetch("v1/models", { headers });
    if (response.ok) model = (await response.json()).data[0].id;
    $("model").textContent = model;
  } catch { /* the first message will say that the server is away */ }
}

function keep(id) {
  const input = $(id), key = `joyflash.${id}`;
  const kept = localStorage.getItem(key);
  if (kept !== null) input.type === "checkbox" ? (input.checked = kept === "true") : (input.value = kept);
  input.addEventListener("change", () => localStorage.setItem(key, input.type === "checkbox" ? input.checked : input.value));
}

["temperature", "max-tokens", "system", "thinking"].forEach(keep);
$("form").onsubmit = (event) => { event.preventDefault(); running ? running.abort() : send($("input").value); };
$("input").oninput = fit;
$("input").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    if (!running) send($("input").value);
  }
};
document.onkeydown = (event) => {
  if (event.key === "Escape") running?.abort();
  if (event.altKey && event.code === "KeyN") { event.preventDefault(); newChat(); }
};
$("new-chat").onclick = newChat;
$("language").onclick = () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("joyflash.language", language);
  speak();
};
$("toggle-settings").onclick = (event) => {
  $("settings").hidden = !$("settings").hidden;
  event.currentTarget.setAttribute("aria-expanded", String(!$("settings").hidden));
};
$("api-key").onchange = findModel;
speak();
findModel();
