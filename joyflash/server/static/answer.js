// One answer of the model, put together from the chunks of a stream.
import { add } from "./conversation.js";

// An answer that is still to be written, behind the last message that is shown.
export function beginAnswer(conversation, model) {
  return add(conversation, { role: "assistant", content: "", reasoning: "", calls: [], state: "writing", model, meter: {} });
}

// Measures as it goes: tokens a second from the first token on, and how many drafts of the MTP layer proved right.
export class AnswerReader {
  constructor(answer, now = () => performance.now()) {
    this.answer = answer;
    this.now = now;
    this.begun = now();
    this.first = null;
    this.firstCount = 0;
    this.calls = [];
    this.finish = null;
  }

  take(chunk) {
    const delta = chunk.choices[0]?.delta ?? {};
    this.answer.content += delta.content ?? "";
    this.answer.reasoning += delta.reasoning_content ?? "";
    for (const part of delta.tool_calls ?? []) {
      const call = (this.calls[part.index] ??= { id: "", name: "", arguments: "" });
      if (part.id) call.id = part.id;
      call.name += part.function?.name ?? "";
      call.arguments += part.function?.arguments ?? "";
    }
    this.answer.calls = this.calls.filter(Boolean);
    this.finish = chunk.choices[0]?.finish_reason ?? this.finish;
    if (chunk.usage) this.measure(chunk.usage);
  }

  measure(usage) {
    const meter = this.answer.meter, count = usage.completion_tokens, now = this.now();
    if (count > 0 && this.first === null) {
      this.first = now;
      this.firstCount = count;
      meter.firstSeconds = (now - this.begun) / 1000;
    }
    meter.prompt = usage.prompt_tokens;
    meter.thought = usage.completion_tokens_details?.reasoning_tokens ?? 0;
    meter.drafted = usage.joyflash?.drafted_tokens ?? 0;
    meter.accepted = usage.joyflash?.accepted_tokens ?? 0;
    // The last usage comes after the last token: without a new one there is nothing to measure.
    if (count > (meter.tokens ?? 0) && count > this.firstCount) meter.rate = (count - this.firstCount) / Math.max((now - this.first) / 1000, 0.001);
    meter.tokens = count;
  }

  // The stream has ended by itself, was stopped, or failed with a failure as words.js says it.
  close(state, failure = null) {
    this.answer.state = state === "done" && this.finish === "length" ? "cut" : state;
    if (failure) this.answer.failure = failure;
    // A call that did not arrive whole cannot be run.
    if (state !== "done") this.answer.calls = [];
  }
}
