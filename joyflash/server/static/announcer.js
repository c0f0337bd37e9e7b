// Reads a streamed text to a screen reader in whole sentences: a live region that changes with every token would
// make it stammer, one that waits for the end would leave it silent.
const PAUSE = 1200;   // milliseconds between two announcements
const SENTENCE = /^[\s\S]*[.!?。！？\n]/;

export class Announcer {
  constructor(region) {
    this.region = region;
    this.said = 0;
    this.last = 0;
    this.id = null;
  }

  // The text of message `id` so far.
  hear(id, text) {
    if (id !== this.id) { this.id = id; this.said = 0; }
    if (performance.now() - this.last < PAUSE) return;
    const sentences = SENTENCE.exec(text.slice(this.said))?.[0];
    if (sentences) this.speak(sentences);
  }

  // The rest of it, and how it ended.
  end(id, text, words) {
    const rest = id === this.id ? text.slice(this.said) : text;
    this.speak(`${rest} ${words}`);
    this.id = null;
  }

  speak(text) {
    this.said += text.length;
    this.last = performance.now();
    this.region.textContent = text.trim();
  }
}
