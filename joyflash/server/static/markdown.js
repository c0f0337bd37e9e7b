// A little Markdown, built from text nodes only: nothing the model writes is ever parsed as HTML.
const INLINE = /(`[^`\n]+`|\*\*[^*\n]+\*\*)/;

function inline(parent, text) {
  for (const piece of text.split(INLINE)) {
    const tag = piece.length > 2 && piece.startsWith("`") && piece.endsWith("`") ? "code"
      : piece.length > 4 && piece.startsWith("**") && piece.endsWith("**") ? "strong" : null;
    if (!tag) { parent.append(piece); continue; }
    parent.append(make(tag, tag === "code" ? piece.slice(1, -1) : piece.slice(2, -2)));
  }
}

function make(tag, text) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  return element;
}

// Fill `element` with `source`: paragraphs, code blocks, lists, headings, bold and inline code.
export function render(element, source) {
  element.replaceChildren();
  const lines = source.split("\n");
  let paragraph = null, list = null;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    const item = line.match(/^\s*(?:([-*•])|(\d+)[.)])\s+(.*)$/);
    const heading = line.match(/^#{1,6}\s+(.*)$/);
    if (line.startsWith("```")) {
      const end = lines.findIndex((other, at) => at > i && other.startsWith("```"));
      const code = lines.slice(i + 1, end < 0 ? undefined : end).join("\n");
      const block = make("pre");
      block.append(make("code", code));
      element.append(block);
      paragraph = list = null;
      i = end < 0 ? lines.length : end;
    } else if (item) {
      const tag = item[1] ? "ul" : "ol";
      if (!list || list.localName !== tag) {
        list = make(tag);
        if (tag === "ol") list.start = Number(item[2]);
        element.append(list);
      }
      const entry = make("li");
      inline(entry, item[3]);
      list.append(entry);
      paragraph = null;
    } else if (heading) {
      const title = make("h3");
      inline(title, heading[1]);
      element.append(title);
      paragraph = list = null;
    } else if (line.trim() === "") {
      paragraph = list = null;
    } else {
      if (paragraph) paragraph.append("\n");
      else element.append(paragraph = make("p"));
      inline(paragraph, line);
      list = null;
    }
  }
}
