// A tool call: its name, arguments and result; where the reader has to write the result, a field for it.
import { copyButton, make } from "./dom.js";
import { say } from "./words.js";

export class CallView {
  constructor(call, giveResult) {
    this.call = call;
    this.giveResult = giveResult;
    this.element = make("div", { class: "call" });
    this.shown = "";
  }

  // `result` is the tool message or undefined; `waits`: the reader may write one.
  update(call, result, waits) {
    const state = JSON.stringify([call, result?.content, waits]);
    if (state === this.shown) return;
    this.shown = state;
    this.call = call;
    const parts = [make("div", { class: "call-head" }, make("span", {}, say.call), make("code", {}, call.name))];
    parts.push(labelled(say.toolArguments, pretty(call.arguments)));
    if (result) parts.push(labelled(result.failed ? say.toolFailed : say.toolResult, pretty(result.content), result.failed));
    else if (waits) parts.push(this.form());
    this.element.replaceChildren(...parts);
  }

  form() {
    const field = make("textarea", { rows: "2", "aria-label": say.giveResult, placeholder: say.giveResult });
    const give = () => this.giveResult(this.call, field.value);
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      give();
    });
    return make("div", { class: "call-form" }, field, make("button", { type: "button", class: "plain", click: give }, say.answerCall));
  }
}

function labelled(label, text, bad = false) {
  return make("div", { class: bad ? "call-part bad" : "call-part" },
    make("span", {}, label), make("pre", { tabindex: "0" }, text), copyButton(() => text, say));
}

// JSON with line breaks where it is longer than a line; anything else as it is.
function pretty(text) {
  if (text.length < 60) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}
