// One question and one answer on the page. Views are kept while their message is shown and only updated.
import { CallView } from "./call_view.js";
import { openCalls, path, versions } from "./conversation.js";
import { copyButton, icon, iconButton, make } from "./dom.js";
import { MarkdownView } from "./markdown.js";
import { inWords, say } from "./words.js";

// The switch between versions of a message; nothing where there is only one.
function versionSwitch(conversation, message, acts) {
  const all = versions(conversation, message), place = all.indexOf(message);
  if (all.length < 2) return null;
  const to = (step, name, label) => {
    const button = iconButton(name, label, () => acts.show(all[place + step]));
    button.disabled = !all[place + step];
    return button;
  };
  return make("span", { class: "versions" }, to(-1, "before", say.earlier), `${place + 1}/${all.length}`, to(1, "after", say.later));
}

export class QuestionView {
  constructor(message, acts) {
    this.message = message;
    this.acts = acts;
    this.editing = false;
    this.element = make("article", { class: "message user", "aria-label": say.you, "data-id": message.id });
  }

  update(conversation) {
    this.conversation = conversation;
    if (this.editing) return;
    const tools = make("div", { class: "tools" }, versionSwitch(conversation, this.message, this.acts),
      iconButton("edit", say.edit, () => this.edit()), copyButton(() => this.message.content, say, "quiet"));
    this.element.replaceChildren(make("div", { class: "text" }, this.message.content), tools);
  }

  edit() {
    if (this.editing) return;
    this.editing = true;
    const field = make("textarea", { "aria-label": say.edit, rows: Math.min(12, this.message.content.split("\n").length + 1) });
    field.value = this.message.content;
    const close = () => { this.editing = false; this.update(this.conversation); };
    const send = () => {
      if (!field.value.trim()) return;
      close();
      this.acts.resend(this.message, field.value);
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
      if (event.key === "Escape") { event.stopPropagation(); close(); this.acts.toInput(); }
    });
    this.element.replaceChildren(make("div", { class: "edit" }, field, make("div", { class: "edit-acts" },
      make("button", { type: "button", class: "plain", click: close }, say.cancel),
      make("button", { type: "button", class: "main", click: send }, say.resend))));
    field.focus();
  }
}

export class AnswerView {
  constructor(message, acts) {
    this.message = message;
    this.acts = acts;
    this.calls = new Map();
    this.reasoning = make("div");
    this.summary = make("span");
    this.thought = make("details", { class: "thought", hidden: true }, make("summary", {}, this.summary), this.reasoning);
    this.text = make("div", { class: "text" });
    this.callList = make("div");
    this.foot = make("div", { class: "foot" });
    this.element = make("article", { class: "message assistant", "aria-label": say.assistant, "data-id": message.id },
      this.thought, this.text, this.callList, this.foot);
    this.markdown = new MarkdownView(this.text, () => say);
  }

  // `place`: { first, last } answer of the turn; `running`: more of it may come.
  update(conversation, place, running) {
    const { message } = this;
    const writing = running && message.state === "writing";
    this.element.classList.toggle("busy", writing);
    this.thought.hidden = !message.reasoning.trim();
    this.reasoning.textContent = message.reasoning.trim();
    const inThought = writing && !message.content;
    this.summary.textContent = inThought ? say.thinkingNow : message.meter.thought ? say.thoughtTokens(message.meter.thought) : say.thought;
    this.markdown.show(message.content);
    this.showCalls(conversation, running);
    this.showFoot(conversation, place, running, writing);
  }

  showCalls(conversation, running) {
    const results = path(conversation).filter((other) => other.role === "tool");
    for (const call of this.message.calls) {
      if (!this.calls.has(call.id)) {
        const view = new CallView(call, (...given) => this.acts.giveResult(this.message, ...given));
        this.calls.set(call.id, view);
        this.callList.append(view.element);
      }
      this.calls.get(call.id).update(call, results.find((result) => result.callId === call.id), !running && this.message.state === "done");
    }
    for (const [id, view] of this.calls) {
      if (this.message.calls.some((call) => call.id === id)) continue;
      view.element.remove();
      this.calls.delete(id);
    }
  }

  showFoot(conversation, place, running, writing) {
    const { message } = this;
    const parts = [];
    const interrupted = message.state === "writing" && !running;
    const open = message.state === "done" && openCalls(conversation, message).length > 0;
    if (message.state === "failed") parts.push(this.failure(message.failure));
    if (interrupted) parts.push(this.line(say.interrupted));
    const facts = this.facts();
    if (facts.length) parts.push(make("span", { class: "meta" }, ...facts.map((fact) => make("span", { class: "fact" }, fact))));
    const blank = message.state === "failed" && !message.content;
    if (place.last && !running && !open && !blank) parts.push(this.tools(conversation, place));
    this.foot.replaceChildren(...parts);
  }

  failure(failure) {
    const act = failure.kind === "key" ? [say.enterKey, this.acts.enterKey]
      : failure.kind === "tooLong" ? [say.newChat, this.acts.newChat] : null;
    return this.line(inWords(failure), act);
  }

  line(text, act = null) {
    return make("div", { class: "error", role: "alert" }, make("span", {}, text),
      act && make("button", { type: "button", class: "plain", click: act[1] }, act[0]),
      make("button", { type: "button", class: "plain", click: () => this.acts.retry(this.message) }, say.tryAgain));
  }

  // How much, how fast, and how it ended.
  facts() {
    const { meter, state, note, content, calls } = this.message;
    const facts = [];
    if (meter.tokens) facts.push(say.tokens(meter.tokens));
    if (meter.rate) facts.push(make("b", {}, say.rate(meter.rate.toFixed(meter.rate < 100 ? 1 : 0))));
    if (meter.drafted) {
      const share = Math.round((100 * meter.accepted) / meter.drafted);
      facts.push(make("span", { title: say.draftsHint(meter.accepted, meter.drafted) }, say.drafts(share)));
    }
    if (meter.firstSeconds !== undefined && state !== "writing") facts.push(make("span", { class: "first" }, say.firstToken(meter.firstSeconds.toFixed(meter.firstSeconds < 10 ? 2 : 0))));
    if (state === "cut") facts.push(say.cut);
    if (state === "stopped") facts.push(say.stopped);
    if (note) facts.push(note);
    if (["done", "cut"].includes(state) && !content.trim() && !calls.length) facts.push(say.empty);
    return facts;
  }

  tools(conversation, place) {
    const copy = copyButton(() => this.message.content, say, "quiet");
    const again = make("button", { type: "button", class: "quiet again", click: () => this.acts.regenerate(this.message), "aria-label": say.again, title: say.again }, icon("again"));
    return make("div", { class: "tools" }, versionSwitch(conversation, place.first, this.acts), copy, again);
  }
}
