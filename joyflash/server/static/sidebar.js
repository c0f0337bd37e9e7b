// The list of conversations: open, search, rename, delete with a way back, export and import.
import { $, iconButton, make } from "./dom.js";
import { say } from "./words.js";

export class Sidebar {
  // hooks: open(id), removed(conversation), renamed(conversation), toast(text, label, act)
  constructor(store, hooks) {
    this.store = store;
    this.hooks = hooks;
    this.current = null;
    this.renaming = null;
    $("search").addEventListener("input", () => this.show());
    $("search").addEventListener("keydown", (event) => { if (event.key === "ArrowDown") { event.preventDefault(); this.focus(0); } });
    $("list").addEventListener("keydown", (event) => this.key(event));
    $("export-all").addEventListener("click", () => this.download(this.store.list(), "joyflash-conversations.json"));
    $("import").addEventListener("click", () => $("import-file").click());
    $("import-file").addEventListener("change", () => this.import());
  }

  show(current = this.current) {
    this.current = current;
    // An answer that ends meanwhile must not take the name away that is being written.
    if (this.renaming && document.activeElement?.matches("#list input")) return;
    const focused = document.activeElement?.closest?.("#list li")?.dataset.id;
    const found = this.store.list($("search").value);
    $("list").replaceChildren(...found.map((conversation) => this.entry(conversation)));
    $("nothing-found").hidden = found.length > 0 || !$("search").value.trim();
    if (this.renaming) $("list").querySelector("input")?.focus();
    else if (focused) $("list").querySelector(`li[data-id="${CSS.escape(focused)}"] .title`)?.focus();
  }

  entry(conversation) {
    const { id } = conversation, here = id === this.current;
    const entry = make("li", { "data-id": id, class: here ? "here" : "" });
    if (this.renaming === id) {
      entry.append(this.nameField(conversation));
      return entry;
    }
    const title = conversation.title || say.untitled;
    entry.append(
      make("button", { type: "button", class: "title", "aria-current": here ? "true" : null, title, click: () => this.hooks.open(id) }, title),
      make("span", { class: "acts" },
        iconButton("edit", `${say.rename}: ${title}`, () => this.rename(id)),
        iconButton("save", `${say.exportOne}: ${title}`, () => this.download([conversation], `${title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40)}.json`)),
        iconButton("trash", `${say.remove}: ${title}`, () => this.remove(conversation))));
    return entry;
  }

  nameField(conversation) {
    const field = make("input", { type: "text", "aria-label": say.rename, maxlength: "120" });
    field.value = conversation.title;
    const close = (keep) => {
      if (this.renaming !== conversation.id) return;
      this.renaming = null;
      if (keep && field.value.trim()) {
        conversation.title = field.value.trim();
        this.hooks.renamed(conversation);
      }
      this.show();
      $("list").querySelector(`li[data-id="${CSS.escape(conversation.id)}"] .title`)?.focus();
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && !event.isComposing) close(true);
      if (event.key === "Escape") close(false);
    });
    field.addEventListener("blur", () => close(true));
    return field;
  }

  rename(id) {
    this.renaming = id;
    this.show();
    $("list").querySelector("input")?.select();
  }

  remove(conversation) {
    this.store.remove(conversation.id);
    this.hooks.removed(conversation);
    this.show();
    this.hooks.toast(say.deleted(conversation.title || say.untitled), say.undo, () => {
      this.store.save(conversation);
      this.hooks.open(conversation.id);
    });
  }

  key(event) {
    const entries = [...$("list").children], entry = event.target.closest("li");
    const place = entries.indexOf(entry);
    if (event.key === "ArrowDown") this.focus(place + 1);
    else if (event.key === "ArrowUp") place === 0 ? $("search").focus() : this.focus(place - 1);
    else if (event.key === "F2") this.rename(entry.dataset.id);
    else if (event.key === "Delete") { this.remove(this.store.get(entry.dataset.id)); this.focus(Math.min(place, entries.length - 2)); }
    else return;
    event.preventDefault();
  }

  focus(place) { $("list").children[place]?.querySelector(".title")?.focus(); }

  download(conversations, name) {
    const address = URL.createObjectURL(new Blob([this.store.exported(conversations)], { type: "application/json" }));
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  async import() {
    const [file] = $("import-file").files;
    $("import-file").value = "";
    if (!file) return;
    const count = this.store.import(await file.text());
    this.show();
    this.hooks.toast(count === null ? say.notImported : say.imported(count));
  }
}
