// The settings dialog: every field shows at once whether the server would take it; what is wrong is not used.
import { $, make } from "./dom.js";
import { isGood, isKey, NUMBERS } from "./settings.js";
import { EXAMPLE, readOwnTools } from "./tools.js";
import { inWords, say } from "./words.js";

export class SettingsDialog {
  // hooks: changed() after a setting has changed, keyChanged(key)
  constructor(settings, hooks) {
    this.settings = settings;
    this.hooks = hooks;
    this.dialog = $("settings");
    for (const name of Object.keys(NUMBERS)) this.bind(name, "input", (text) => isGood(name, text));
    this.bind("system", "input");
    this.bind("calculator", "change");
    this.bind("ownTools", "input", () => true);
    for (const name of ["theme", "language"]) this.bind(name, "change");
    $("set-key").addEventListener("change", () => this.takeKey());
    $("set-example").addEventListener("click", () => {
      this.settings.ownTools = $("set-ownTools").value = EXAMPLE;
      this.hooks.changed();
      this.check();
    });
    for (const close of document.querySelectorAll("dialog .close")) close.addEventListener("click", () => close.closest("dialog").close());
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    }
  }

  open(focus = null) {
    this.fill();
    if (!this.dialog.open) this.dialog.showModal();
    if (focus) $(focus).focus();
  }

  // Show the API key's field: the server has asked for one.
  askForKey(key) {
    $("key-row").hidden = false;
    $("set-key").value = key;
  }

  bind(name, event, good = () => true) {
    const field = $(`set-${name}`);
    field.addEventListener(event, () => {
      const value = field.type === "checkbox" ? field.checked : field.value;
      const bad = field.validity.badInput || (typeof value === "string" && !good(value));
      if (!bad) this.settings[name] = value;
      this.hooks.changed();
      this.check();
    });
  }

  fill() {
    for (const name of [...Object.keys(NUMBERS), "system", "ownTools", "theme", "language"]) $(`set-${name}`).value = this.settings[name];
    $("set-calculator").checked = this.settings.calculator;
    this.check();
  }

  // Say under each field what is wrong with it.
  check() {
    for (const [name, [, low, high, whole]] of Object.entries(NUMBERS)) {
      const field = $(`set-${name}`), bad = field.validity.badInput || !isGood(name, field.value);
      this.mark(name, bad, bad ? (whole ? say.badWhole(low) : say.badNumber(low, high)) : "");
    }
    try {
      const count = readOwnTools(this.settings.ownTools).length;
      this.mark("ownTools", false, count ? say.toolsOk(count) : "");
    } catch (error) {
      this.mark("ownTools", true, inWords(error.failure));
    }
    this.mark("key", !isKey($("set-key").value), isKey($("set-key").value) ? say.apiKeyNote : say.badKey);
  }

  mark(name, bad, text) {
    $(`set-${name}`).setAttribute("aria-invalid", String(bad));
    $(`set-${name}`).setAttribute("aria-describedby", `note-${name}`);
    $(`note-${name}`).textContent = text;
    $(`note-${name}`).classList.toggle("bad", bad);
  }

  takeKey() {
    this.check();
    if (isKey($("set-key").value)) this.hooks.keyChanged($("set-key").value);
  }

  // The list of shortcuts, in the reader's language.
  static showKeys() {
    $("key-list").replaceChildren(...say.shortcuts.flatMap(([keys, what]) => [
      make("dt", {}, ...keys.split(/( \/ |\+| )/).map((part) => (/^( \/ |\+| )$/.test(part) ? part : make("kbd", {}, part)))), make("dd", {}, what),
    ]));
    if (!$("keys").open) $("keys").showModal();
  }
}
