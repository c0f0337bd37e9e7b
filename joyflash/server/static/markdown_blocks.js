// Markdown's blocks: from lines to nodes { kind, raw, … }. What a node is depends on its own lines alone, so that a
// text that grows keeps the nodes before its end.
const DEEPEST = 12;
const FENCE = /^\s{0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^\s{0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^\s{0,3}> ?/;
const ITEM = /^(\s*)(?:([-*+•])|(\d{1,9})([.)]))(\s+|$)/;
const DIVIDER = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

export function parse(source) {
  return blocks(source.replaceAll("\r\n", "\n").split("\n"), 0);
}

function blocks(lines, depth) {
  const nodes = [];
  for (let at = 0; at < lines.length;) {
    if (lines[at].trim() === "") { at++; continue; }
    const rules = depth < DEEPEST ? [fence, heading, rule, quote, list, table, paragraph] : [paragraph];
    let found = null;
    for (const rule of rules) if ((found = rule(lines, at, depth))) break;
    nodes.push({ ...found.node, raw: lines.slice(at, found.end).join("\n") });
    at = found.end;
  }
  return nodes;
}

function fence(lines, at) {
  const open = FENCE.exec(lines[at]);
  if (!open) return null;
  const closes = new RegExp(`^\\s{0,3}${open[1][0]}{${open[1].length},}\\s*$`);
  let end = at + 1;
  while (end < lines.length && !closes.test(lines[end])) end++;
  const indent = /^\s*/.exec(lines[at])[0].length;
  const text = lines.slice(at + 1, end).map((line) => line.replace(new RegExp(`^\\s{0,${indent}}`), "")).join("\n");
  const language = open[2].trim().split(/\s/)[0].slice(0, 30);
  return { node: { kind: "code", language, text, open: end >= lines.length }, end: Math.min(end + 1, lines.length) };
}

function heading(lines, at) {
  const found = HEADING.exec(lines[at]);
  return found && { node: { kind: "heading", level: found[1].length, text: found[2] }, end: at + 1 };
}

function rule(lines, at) {
  return RULE.test(lines[at]) ? { node: { kind: "rule" }, end: at + 1 } : null;
}

function quote(lines, at, depth) {
  if (!QUOTE.test(lines[at])) return null;
  let end = at + 1;
  while (end < lines.length && QUOTE.test(lines[end])) end++;
  const inside = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return { node: { kind: "quote", children: blocks(inside, depth + 1) }, end };
}

function list(lines, at, depth) {
  const first = ITEM.exec(lines[at]);
  if (!first || RULE.test(lines[at])) return null;
  const node = { kind: "list", ordered: Boolean(first[3]), start: Number(first[3] ?? 1), loose: false, items: [] };
  let end = at;
  while (end < lines.length) {
    const mark = ITEM.exec(lines[end]);
    if (!mark || Boolean(mark[3]) !== node.ordered || RULE.test(lines[end])) break;
    const [inside, next] = itemLines(lines, end, mark);
    const task = /^\[([ xX])\]\s+/.exec(inside[0]);
    if (task) inside[0] = inside[0].slice(task[0].length);
    node.items.push({ task: task && task[1] !== " ", isTask: Boolean(task), children: blocks(inside, depth + 1) });
    end = next;
    while (next < lines.length && end < lines.length && lines[end].trim() === "") end++;
    const more = end < lines.length && ITEM.exec(lines[end]);
    const goesOn = more && Boolean(more[3]) === node.ordered && more[1].length <= first[1].length + 1;
    if (!goesOn) { end = next; break; }
    if (end > next || inside.some((line, place) => line.trim() === "" && place < inside.length - 1)) node.loose = true;
  }
  return { node, end };
}

// The lines of one item without their indentation, and the line after it. A mark that is indented further than the
// item's own opens a list inside it, even by less than the width of the item's mark: models write it so.
function itemLines(lines, at, mark) {
  const own = mark[1].length, width = mark[0].length;
  const inside = [lines[at].slice(width)];
  let end = at + 1, blank = false;
  for (; end < lines.length; end++) {
    const line = lines[end], indent = /^\s*/.exec(line)[0].length;
    if (line.trim() === "") { blank = true; inside.push(""); continue; }
    const nested = ITEM.test(line) && indent >= own + 2;
    if (indent < width && !nested && (blank || opensBlock(lines, end))) break;
    inside.push(line.slice(Math.min(indent, width)));
    blank = false;
  }
  while (inside.length > 1 && inside.at(-1) === "") { inside.pop(); end--; }
  return [inside, end];
}

function table(lines, at) {
  if (!lines[at].includes("|") || at + 1 >= lines.length || !DIVIDER.test(lines[at + 1])) return null;
  const head = cells(lines[at]), divider = cells(lines[at + 1]);
  if (head.length !== divider.length) return null;
  const align = divider.map((cell) => (cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left"));
  let end = at + 2;
  while (end < lines.length && lines[end].trim() !== "" && lines[end].includes("|")) end++;
  const rows = lines.slice(at + 2, end).map((line) => { const row = cells(line); return head.map((_, column) => row[column] ?? ""); });
  return { node: { kind: "table", head, align, rows }, end };
}

// `\|` is a bar inside a cell.
function cells(line) {
  const parts = line.trim().replace(/^\|/, "").split(/(?<!\\)\|/);
  if (parts.length > 1 && parts.at(-1).trim() === "") parts.pop();
  return parts.map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function opensBlock(lines, at) {
  const line = lines[at];
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line) || table(lines, at);
}

function paragraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== "" && !opensBlock(lines, end)) end++;
  return { node: { kind: "paragraph", text: lines.slice(at, end).map((line) => line.trim()).join("\n") }, end };
}
