// The answers that are being written, one a conversation at most: ask the model, run the tools it calls, ask again.
import { AnswerReader, beginAnswer } from "./answer.js";
import { ServerError, stream } from "./api.js";
import { add, openCalls, toRequest } from "./conversation.js";
import { requestFields } from "./settings.js";
import { activeTools, runTool } from "./tools.js";
import { say } from "./words.js";

const MOST_ROUNDS = 12;
const SAVE_EVERY = 400;   // milliseconds: what a crash of the browser can lose

export class Runs {
  // hooks: settings(), key(), save(conversation), changed(conversation, answer or null), ended(conversation, answer)
  constructor(hooks) {
    this.hooks = hooks;
    this.running = new Map();   // by conversation: { controller, ended }
    this.saved = 0;
    this.leaving = false;   // the page is going away: its connections break, which is no failure of the server
  }

  has(conversation) { return this.running.has(conversation?.id); }

  // Resolves when the answer has ended, at once where none is being written.
  stop(conversation) {
    const run = this.running.get(conversation?.id);
    run?.controller.abort();
    return run?.ended;
  }

  // Keep what has come so far; called when the page goes away.
  leave(get) {
    this.leaving = true;
    for (const id of this.running.keys()) this.hooks.save(get(id));
  }

  // Answer the last message that is shown. Returns when the answer is complete, waits for a result, or has failed.
  start(conversation) {
    if (this.has(conversation)) return;
    const run = { controller: new AbortController() };
    this.running.set(conversation.id, run);
    return (run.ended = this.rounds(conversation, run.controller.signal));
  }

  async rounds(conversation, signal) {
    let answer = null;
    try {
      for (let round = 0; ; round++) {
        if (round === MOST_ROUNDS) {
          answer.note = say.tooManyRounds;
          break;
        }
        answer = await this.once(conversation, signal);
        if (answer.state !== "done" || !answer.calls.length || !this.runTools(conversation, answer)) break;
      }
    } finally {
      this.running.delete(conversation.id);
      this.hooks.save(conversation);
      this.hooks.changed(conversation, null);
      if (answer) this.hooks.ended(conversation, answer);
    }
  }

  // One answer, streamed.
  async once(conversation, signal) {
    const settings = this.hooks.settings();
    const messages = toRequest(conversation, settings.system);
    const answer = beginAnswer(conversation, settings.model);
    const reader = new AnswerReader(answer);
    this.hooks.save(conversation);
    this.hooks.changed(conversation, null);
    try {
      const body = { ...requestFields(settings, activeTools(settings)), messages };
      for await (const chunk of stream(body, this.hooks.key(), signal)) {
        reader.take(chunk);
        this.hooks.changed(conversation, answer);
        this.saveNowAndThen(conversation);
      }
      reader.close("done");
    } catch (error) {
      if (this.leaving) reader.close("writing");
      else if (error.name === "AbortError") reader.close("stopped");
      else reader.close("failed", error instanceof ServerError ? error.failure : { kind: "other", message: String(error.message ?? error) });
    }
    return answer;
  }

  saveNowAndThen(conversation) {
    const now = performance.now();
    if (now - this.saved < SAVE_EVERY) return;
    this.saved = now;
    this.hooks.save(conversation);
  }

  // Run what can be run here; true if every call has its result now. The results follow the answer that called, also
  // when another version is shown by now.
  runTools(conversation, answer) {
    const tools = activeTools(this.hooks.settings());
    let last = answer;
    for (const call of answer.calls) {
      const result = runTool(call, tools);
      if (result) last = add(conversation, { role: "tool", callId: call.id, name: call.name, ...result }, last.id);
    }
    return openCalls(conversation, answer).length === 0;
  }

  // The reader has written the result of a call; go on when it was the last one that was missing.
  giveResult(conversation, answer, call, content) {
    add(conversation, { role: "tool", callId: call.id, name: call.name, content, failed: false });
    this.hooks.save(conversation);
    this.hooks.changed(conversation, null);
    if (openCalls(conversation, answer).length === 0) this.start(conversation);
  }
}
