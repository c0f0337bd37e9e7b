// The inside of a line of Markdown: emphasis, code, links. Everything that is none of them stays text, HTML too.
import { make } from "./dom.js";

const DEEPEST = 8;
const SPECIAL = /[\\`*_~[!<\n]|https?:\/\//g;
const ESCAPED = /[!-/:-@[-`{-~]/;
const WORD = /[A-Za-z0-9_]/;
const TARGET = /\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"\n]*")?\s*\)/y;
const BARE = /https?:\/\/[^\s<>"'`，。；：！？、）】》」]+/y;
const MARKS = [["**", "strong"], ["__", "strong"], ["~~", "del"], ["*", "em"], ["_", "em"]];

// Only these lead anywhere; a link of another kind, or one without a scheme, stays text.
export function safeAddress(text) {
  let address;
  try { address = new URL(text); } catch { return null; }
  return ["http:", "https:", "mailto:"].includes(address.protocol) ? address.href : null;
}

// Append `text` to `parent`. `missing` remembers marks that have no partner further on, so that no text takes long.
export function inline(parent, text, depth = 0, inLink = false, missing = new Set()) {
  let from = 0, at = 0;
  const flush = (end) => { if (end > from) parent.append(text.slice(from, end)); };
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const found = SPECIAL.exec(text);
    if (!found) break;
    at = found.index;
    const piece = depth < DEEPEST || found[0] === "\n" ? read(text, at, depth, inLink, missing) : null;
    if (!piece) { at += found[0].length; continue; }
    flush(at);
    parent.append(...piece.nodes);
    from = at = piece.end;
  }
  flush(text.length);
}

// What begins at `at`, as nodes and the place after it; null if that is only text.
function read(text, at, depth, inLink, missing) {
  const sign = text[at];
  if (sign === "\n") return { nodes: [make("br")], end: at + 1 };
  if (sign === "\\") return ESCAPED.test(text[at + 1] ?? "") ? { nodes: [text[at + 1]], end: at + 2 } : null;
  if (sign === "`") return code(text, at, missing);
  if (sign === "<") return angle(text, at, inLink);
  if (sign === "h") return inLink || WORD.test(text[at - 1] ?? "") ? null : bare(text, at);
  if (sign === "[" || sign === "!") return inLink ? null : link(text, at, depth, missing);
  return marked(text, at, depth, inLink, missing);
}

function code(text, at, missing) {
  const ticks = /^`+/.exec(text.slice(at, at + 40))[0];
  const end = missing.has(ticks) ? -1 : closingTicks(text, at + ticks.length, ticks.length);
  if (end < 0) { missing.add(ticks); return { nodes: [ticks], end: at + ticks.length }; }
  let inside = text.slice(at + ticks.length, end).replaceAll("\n", " ");
  if (inside.length > 2 && inside.startsWith(" ") && inside.endsWith(" ")) inside = inside.slice(1, -1);
  return { nodes: [make("code", {}, inside)], end: end + ticks.length };
}

function closingTicks(text, from, count) {
  for (let at = text.indexOf("`", from); at >= 0; at = text.indexOf("`", at)) {
    let end = at;
    while (text[end] === "`") end++;
    if (end - at === count) return at;
    at = end;
  }
  return -1;
}

function angle(text, at, inLink) {
  const lineBreak = /^<br\s*\/?>/i.exec(text.slice(at, at + 12));
  if (lineBreak) return { nodes: [make("br")], end: at + lineBreak[0].length };
  const address = inLink ? null : /^<((?:https?:\/\/|mailto:)[^\s<>]+)>/.exec(text.slice(at, at + 2000));
  const href = address && safeAddress(address[1]);
  return href ? { nodes: [anchor(href, address[1])], end: at + address[0].length } : null;
}

function bare(text, at) {
  BARE.lastIndex = at;
  let address = BARE.exec(text)?.[0].replace(/[.,;:!?*_~\]}]+$/, "");
  if (address?.endsWith(")") && !address.includes("(")) address = address.replace(/[).,;:!?]+$/, "");
  const href = address && safeAddress(address);
  return href ? { nodes: [anchor(href, address)], end: at + address.length } : null;
}

// [text](address "title"); an image becomes a link to it, since the page loads nothing from elsewhere.
function link(text, at, depth, missing) {
  const begin = text[at] === "!" ? at + 1 : at;
  if (text[begin] !== "[" || missing.has("]")) return null;
  const close = closingBracket(text, begin + 1);
  if (close < 0) { missing.add("]"); return null; }
  TARGET.lastIndex = close + 1;
  const target = TARGET.exec(text);
  const href = target && safeAddress(target[1]);
  if (!href) return null;
  const element = anchor(href);
  inline(element, text.slice(begin + 1, close), depth + 1, true);
  if (!element.textContent) element.append(target[1]);
  return { nodes: [element], end: TARGET.lastIndex };
}

function closingBracket(text, from) {
  for (let at = from, open = 0; at < text.length && at < from + 2000; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "[") open++;
    else if (text[at] === "]" && open-- === 0) return at;
  }
  return -1;
}

function anchor(href, text = "") {
  return make("a", { href, title: href, target: "_blank", rel: "noopener noreferrer", referrerpolicy: "no-referrer" }, text);
}

function marked(text, at, depth, inLink, missing) {
  const [mark, tag] = MARKS.find(([mark]) => text.startsWith(mark, at)) ?? [];
  if (!mark || missing.has(mark)) return null;
  const before = text[at - 1] ?? " ", after = text[at + mark.length] ?? " ";
  if (/\s/.test(after)) return null;
  // snake_case and 2*3*4 are no emphasis.
  if (mark.length === 1 || mark === "__") if (WORD.test(before) && WORD.test(after)) return null;
  const end = closingMark(text, at + mark.length, mark);
  if (end < 0) { missing.add(mark); return null; }
  const element = make(tag);
  inline(element, text.slice(at + mark.length, end), depth + 1, inLink);
  return { nodes: [element], end: end + mark.length };
}

// Where the partner of a mark is: behind something that is no space, outside of code, and not inside a longer mark.
function closingMark(text, from, mark) {
  const sign = mark[0];
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") { at++; continue; }
    if (text[at] === "`") {
      let end = at;
      while (text[end] === "`") end++;
      const close = closingTicks(text, end, end - at);
      at = (close < 0 ? end : close + end - at) - 1;
      continue;
    }
    if (text[at] !== sign) continue;
    let end = at;
    while (text[end] === sign) end++;
    const length = end - at, place = length === 3 ? end - mark.length : at;
    const inWord = sign === "_" && WORD.test(text[end] ?? " ");
    const closes = (length === mark.length || length === 3) && at > from && !/\s/.test(text[at - 1]) && !inWord;
    if (closes) return place;
    at = end - 1;
  }
  return -1;
}
