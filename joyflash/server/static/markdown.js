// Markdown as elements, for a text that grows: what is finished stays as it is, only the end is made anew.
import { copyButton, make } from "./dom.js";
import { parse } from "./markdown_blocks.js";
import { inline } from "./markdown_inline.js";

export class MarkdownView {
  // `labels()`: { copy, copied, notCopied } in the reader's language.
  constructor(element, labels) {
    this.element = element;
    this.labels = labels;
    this.nodes = [];
  }

  show(source) {
    const nodes = parse(source);
    let same = 0;
    while (same < nodes.length && same < this.nodes.length && nodes[same].raw === this.nodes[same].raw) same++;
    // A long code block at the end grows in place: its button keeps the focus, its text the scroll position.
    const [old, now] = [this.nodes[same], nodes[same]];
    if (old?.kind === "code" && now?.kind === "code" && old.language === now.language) {
      this.element.children[same].querySelector("code").textContent = now.text;
      same++;
    }
    while (this.element.children.length > same) this.element.lastElementChild.remove();
    for (const node of nodes.slice(same)) this.element.append(this.build(node));
    this.nodes = nodes;
  }

  build(node) {
    switch (node.kind) {
      case "code": return this.codeBlock(node);
      case "heading": return written(make(`h${Math.min(node.level + 2, 6)}`), node.text);
      case "rule": return make("hr");
      case "quote": return make("blockquote", {}, ...node.children.map((child) => this.build(child)));
      case "list": return this.list(node);
      case "table": return table(node);
      default: return written(make("p"), node.text);
    }
  }

  codeBlock(node) {
    const code = make("code", {}, node.text);
    const copy = copyButton(() => code.textContent, this.labels());
    return make("div", { class: "code" },
      make("div", { class: "code-head" }, make("span", {}, node.language), copy),
      make("pre", { tabindex: "0" }, code));
  }

  list(node) {
    const element = make(node.ordered ? "ol" : "ul", node.ordered && node.start !== 1 ? { start: node.start } : {});
    for (const item of node.items) {
      const entry = make("li", item.isTask ? { class: "task" } : {});
      if (item.isTask) entry.append(make("input", { type: "checkbox", disabled: true, checked: item.task }), " ");
      for (const child of item.children) {
        if (child.kind === "paragraph" && !node.loose) inline(entry, child.text);
        else entry.append(this.build(child));
      }
      element.append(entry);
    }
    return element;
  }
}

function written(element, text) {
  inline(element, text);
  return element;
}

function table(node) {
  const row = (tag, cells) => make("tr", {}, ...cells.map((cell, column) => written(make(tag, { class: node.align[column] }), cell)));
  const body = make("tbody", {}, ...node.rows.map((cells) => row("td", cells)));
  return make("div", { class: "table", tabindex: "0" }, make("table", {}, make("thead", {}, row("th", node.head)), body));
}
