// The shown conversation as a list of views, and where the page is scrolled to.
import { turns } from "./conversation.js";
import { AnswerView, QuestionView } from "./message_views.js";

const NEAR = 80;   // pixels from the end at which the page follows the text

export class Messages {
  // acts: show, resend, retry, regenerate, giveResult, enterKey, newChat, toInput
  constructor({ list, scroll, toEnd, welcome }, acts) {
    Object.assign(this, { list, scroll, toEnd, welcome, acts });
    this.views = new Map();
    this.frame = 0;
    toEnd.addEventListener("click", () => this.goToEnd());
    scroll.addEventListener("scroll", () => { toEnd.hidden = this.atEnd; });
  }

  get atEnd() { return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < NEAR; }

  goToEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.toEnd.hidden = true;
  }

  // Show a conversation, or what has changed in the one that is shown. `anew` makes every view again.
  show(conversation, running, anew = false) {
    const follow = this.atEnd;
    if (anew || conversation !== this.conversation) this.views.clear();
    this.conversation = conversation;
    this.running = running;
    const wanted = [];
    for (const { question, answers } of turns(conversation)) {
      wanted.push(this.view(question, QuestionView));
      const written = answers.filter((message) => message.role === "assistant");
      for (const message of written) wanted.push(this.view(message, AnswerView, { first: written[0], last: message === written.at(-1) }));
    }
    const ids = new Set(wanted.map((view) => view.message.id));
    for (const id of this.views.keys()) if (!ids.has(id)) this.views.delete(id);
    this.place(wanted.map((view) => view.element));
    for (const view of wanted) this.update(view);
    this.welcome.hidden = wanted.length > 0;
    if (follow) this.goToEnd();
    this.toEnd.hidden = this.atEnd;
  }

  // More of one answer has come: show it with the next frame, however many chunks come before that.
  grow(message) {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      const view = this.views.get(message.id);
      if (!view) return;
      const follow = this.atEnd;
      this.update(view);
      if (follow) this.goToEnd();
    });
  }

  lastView(kind) {
    return [...this.views.values()].filter((view) => view instanceof (kind === "question" ? QuestionView : AnswerView)).at(-1);
  }

  view(message, Kind, place = null) {
    let view = this.views.get(message.id);
    if (!view || view.message !== message) this.views.set(message.id, (view = new Kind(message, this.acts)));
    view.place = place;
    return view;
  }

  update(view) {
    view.update(this.conversation, view.place, this.running() && Boolean(view.place?.last));
  }

  // Move elements only where the order differs, so that focus and open details stay.
  place(elements) {
    let at = this.list.firstElementChild;
    for (const element of elements) {
      if (element === at) at = at.nextElementSibling;
      else this.list.insertBefore(element, at);
    }
    while (at) {
      const next = at.nextElementSibling;
      at.remove();
      at = next;
    }
  }
}
