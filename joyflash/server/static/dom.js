// Elements made from text and attributes; no function of this page ever parses HTML.
export const $ = (id) => document.getElementById(id);

// make("button", { class: "plain", click: run, "aria-label": "Copy" }, "text", otherElement)
// A function becomes a listener, true an empty attribute, false and null nothing.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Outlines on a field of 24 × 24.
const PATHS = {
  menu: "M4 6h16M4 12h16M4 18h16",
  plus: "M12 5v14M5 12h14",
  gear: "M4 7h10M18 7h2M4 17h2M10 17h10M14 7a2 2 0 1 0 4 0 2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  stop: "M7 7h10v10H7z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  done: "M5 12.5 10 17.5 19.5 7",
  again: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  edit: "M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
  save: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  open: "M12 16V5M7.5 9 12 4.5 16.5 9M5 20h14",
  before: "M14.5 6 8.5 12l6 6",
  after: "M9.5 6l6 6-6 6",
  down: "M12 5v14M5.5 12.5 12 19l6.5-6.5",
  close: "M6 6l12 12M18 6 6 18",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3 7 7M17 17l1.7 1.7M5.3 18.7 7 17M17 7l1.7-1.7",
  keys: "M3 7h18v11H3zM7 11h.01M11 11h.01M15 11h.01M8 14.5h8",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

// A button that shows an icon; the label is what screen readers say and what a resting pointer shows.
export function iconButton(name, label, click, kind = "quiet") {
  return make("button", { type: "button", class: kind, click, "aria-label": label, title: label }, icon(name));
}

// Put text on the clipboard, also on a page that was not loaded over a safe connection.
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try { await navigator.clipboard.writeText(text); return; } catch { /* not allowed here: the old way may be */ }
  }
  const field = make("textarea", { class: "offscreen", readonly: true, "aria-hidden": "true" });
  field.value = text;
  const before = document.activeElement;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  before?.focus();
  if (!done) throw new Error("copy refused");
}

// A copy button that says for a moment whether it worked.
export function copyButton(text, labels, kind) {
  const button = iconButton("copy", labels.copy, async () => {
    let good = true;
    try { await copyText(text()); } catch { good = false; }
    button.replaceChildren(icon(good ? "done" : "close"));
    button.setAttribute("aria-label", good ? labels.copied : labels.notCopied);
    button.title = button.getAttribute("aria-label");
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.setAttribute("aria-label", (button.title = labels.copy));
    }, 1600);
  }, kind);
  return button;
}
