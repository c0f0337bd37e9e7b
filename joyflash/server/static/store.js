// The conversations of this browser: one entry of localStorage each, so that two tabs do not overwrite each other's.
import { newId, readConversation } from "./conversation.js";

const PREFIX = "joyflash.chat.";
const FORMAT = "joyflash-conversations";

export class Store {
  constructor() {
    this.known = new Map();
    this.failure = null;   // "full" or "noStorage" when the last save failed
    for (const key of storedKeys()) this.read(key);
  }

  // Newest first; with a search text only those that have it in their title or a message.
  list(search = "") {
    const wanted = search.trim().toLowerCase();
    const has = (text) => text.toLowerCase().includes(wanted);
    return [...this.known.values()]
      .filter((conversation) => !wanted || has(conversation.title) || Object.values(conversation.messages).some((message) => has(message.content)))
      .sort((one, other) => other.changed - one.changed);
  }

  get(id) { return this.known.get(id); }

  // Keep a conversation; `failure` says if the browser would not.
  save(conversation) {
    this.known.set(conversation.id, conversation);
    this.failure = keep(PREFIX + conversation.id, JSON.stringify(conversation));
    return this.failure === null;
  }

  remove(id) {
    this.known.delete(id);
    try { localStorage.removeItem(PREFIX + id); } catch { /* there was no storage to begin with */ }
  }

  // Take over what another tab has changed; returns the conversation's id, or null if it was something else.
  takeOver(event) {
    if (!event.key?.startsWith(PREFIX)) return null;
    const id = event.key.slice(PREFIX.length);
    if (event.newValue === null) this.known.delete(id);
    else this.read(event.key);
    return id;
  }

  read(key) {
    let conversation = null;
    try { conversation = readConversation(JSON.parse(localStorage.getItem(key))); } catch { /* damaged: not shown, not touched */ }
    if (conversation && PREFIX + conversation.id === key) this.known.set(conversation.id, conversation);
  }

  exported(conversations) {
    return JSON.stringify({ format: FORMAT, version: 1, conversations }, null, 1);
  }

  // Add the conversations of an exported file; those that are here already come as copies. Returns how many there
  // were, or null if the text is no such file.
  import(text) {
    let file;
    try { file = JSON.parse(text); } catch { return null; }
    if (file?.format !== FORMAT || !Array.isArray(file.conversations)) return null;
    const read = file.conversations.map(readConversation);
    if (read.includes(null)) return null;
    for (const conversation of read) {
      if (this.known.has(conversation.id)) conversation.id = newId();
      this.save(conversation);
    }
    return read.length;
  }
}

// Small things beside the conversations: settings, the unsent text. null where nothing is kept.
export function recall(name) {
  try { return localStorage.getItem(`joyflash.${name}`); } catch { return null; }
}

export function remember(name, text) {
  return keep(`joyflash.${name}`, text);
}

function keep(key, text) {
  try {
    localStorage.setItem(key, text);
    return null;
  } catch (error) {
    return error.name === "QuotaExceededError" ? "full" : "noStorage";
  }
}

function storedKeys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}
