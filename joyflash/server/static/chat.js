// The page: puts its parts together and answers what the reader does.
import { Announcer } from "./announcer.js";
import { listModels } from "./api.js";
import { add, drop, newConversation, path, show, turns } from "./conversation.js";
import { $, icon, make } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { Messages } from "./messages.js";
import { Runs } from "./runs.js";
import { loadKey, loadSettings, saveKey, saveSettings } from "./settings.js";
import { SettingsDialog } from "./settings_dialog.js";
import { Sidebar } from "./sidebar.js";
import { recall, remember, Store } from "./store.js";
import { readOwnTools } from "./tools.js";
import { inWords, language, say, speak } from "./words.js";

const settings = loadSettings();
const store = new Store();
let key = loadKey();
let shown = null;   // the conversation on the page
const announcer = new Announcer($("announcer"));

const runs = new Runs({
  settings: () => settings,
  key: () => key,
  save: keep,
  changed(conversation, answer) {
    if (conversation !== shown) return;
    if (!answer) return refresh();
    messages.grow(answer);
    announcer.hear(answer.id, answer.content);
  },
  ended(conversation, answer) {
    sidebar.show();
    if (conversation === shown) announcer.end(answer.id, answer.content, answer.state === "failed" ? "" : say.answered);
    if (answer.failure?.kind === "key") dialog.askForKey(key);
  },
});

const acts = {
  show(message) { show(shown, message); keep(shown); refresh(); },
  async resend(question, text) {
    if (!(await settled())) return;
    add(shown, { role: "user", content: text }, question.parent);
    run();
  },
  regenerate(answer) {
    shown.leaf = turns(shown).find((turn) => turn.answers.includes(answer)).question.id;
    run();
  },
  // Try the same again; what came of it is a version of its own, unless nothing came.
  async retry(answer) {
    if (!(await settled())) return;
    const followed = Object.values(shown.messages).some((message) => message.parent === answer.id);
    if (answer.content || answer.reasoning || followed) shown.leaf = answer.parent;
    else drop(shown, answer);
    run();
  },
  giveResult(answer, call, text) { runs.giveResult(shown, answer, call, text); },
  enterKey() { dialog.askForKey(key); dialog.open("set-key"); },
  newChat: () => open(null),
  toInput: () => $("input").focus(),
};
const messages = new Messages({ list: $("messages"), scroll: $("scroll"), toEnd: $("to-end"), welcome: $("welcome") }, acts);
const sidebar = new Sidebar(store, {
  open,
  removed(conversation) {
    runs.stop(conversation);
    if (conversation === shown) open(null);
  },
  renamed: keep,
  toast,
});
const dialog = new SettingsDialog(settings, {
  changed() {
    saveSettings(settings);
    dress();
  },
  keyChanged(given) {
    saveKey((key = given));
    findModels();
  },
});

function keep(conversation) {
  // One that was deleted while it was being written stays deleted.
  if (!store.get(conversation.id) && conversation !== shown) return;
  if (!store.save(conversation)) toast(say[store.failure]);
}

// End the answer that is being written: it would keep another question from being answered. False if the reader has
// left the conversation meanwhile.
async function settled() {
  const conversation = shown;
  await runs.stop(conversation);
  return conversation === shown;
}

function run() {
  const conversation = shown;
  keep(conversation);
  location.hash = conversation.id;
  announcer.speak(say.answering);
  const running = runs.start(conversation);
  sidebar.show(conversation.id);
  refresh();
  messages.goToEnd();
  return running;
}

function send(text) {
  if (runs.has(shown) || text.trim() === "") return;
  try { readOwnTools(settings.ownTools); } catch (error) { toast(inWords(error.failure), say.settings, () => dialog.open("set-ownTools")); return; }
  $("input").value = "";
  fit();
  add(shown, { role: "user", content: text });
  run();
}

// Show a conversation; null shows a new one.
function open(id) {
  shown = store.get(id) ?? newConversation();
  const here = store.get(shown.id) ? shown.id : "";
  if (location.hash.slice(1) !== here) history.pushState(null, "", here ? `#${here}` : location.pathname);
  drawer(false);
  refresh();
  messages.goToEnd();
  sidebar.show(shown.id);
  if (matchMedia("(hover: hover)").matches) $("input").focus();
}

function refresh(anew = false) {
  messages.show(shown, () => runs.has(shown), anew);
  const running = runs.has(shown);
  $("send").classList.toggle("stop", running);
  $("send").replaceChildren(icon(running ? "stop" : "send"));
  $("send").setAttribute("aria-label", ($("send").title = running ? say.stop : say.send));
  $("send").disabled = !running && $("input").value.trim() === "";
  document.title = shown.title ? `${shown.title} · joyflash` : "joyflash";
}

// Everything that depends on settings: language, colours, switches.
function dress() {
  speak(settings.language || language);
  document.documentElement.dataset.theme = settings.theme;
  document.body.classList.toggle("no-sidebar", !settings.sidebar);
  $("think").setAttribute("aria-pressed", String(settings.thinking));
  $("calculate").setAttribute("aria-pressed", String(settings.calculator));
  let own = 0;
  try { own = readOwnTools(settings.ownTools).length; } catch { /* the dialog and the next message say so */ }
  $("own").hidden = own === 0;
  $("own").textContent = say.ownToolsPill(own);
  $("suggestions").replaceChildren(...say.suggestions.map((text) => make("button", { type: "button", class: "plain", click: () => send(text) }, text)));
  refresh(true);
  sidebar.show(shown.id);
  showModels();
}

let models = [];
async function findModels() {
  try {
    models = await listModels(key);
    if (!models.includes(settings.model)) settings.model = models[0] ?? "";
  } catch (error) {
    if (error.failure?.kind === "key") dialog.askForKey(key);
    toast(error.failure ? inWords(error.failure) : String(error), ...(error.failure?.kind === "key" ? [say.enterKey, acts.enterKey] : []));
    models = [];
  }
  showModels();
}

function showModels() {
  const names = models.length ? models : [settings.model || say.noModel];
  $("model").replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  $("model").value = settings.model || names[0];
}

let toastEnds = 0;
function toast(text, label = null, act = null) {
  const close = () => { $("toast").hidden = true; };
  $("toast").replaceChildren(make("span", {}, text), label && make("button", { type: "button", class: "plain", click: () => { close(); act(); } }, label));
  $("toast").hidden = false;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(close, 9000);
}

function fit() {
  const input = $("input");
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
  $("send").disabled = !runs.has(shown) && input.value.trim() === "";
  remember("draft", input.value);
}

// The list lies over the page on a phone and beside it elsewhere.
function drawer(wanted) {
  const phone = matchMedia("(max-width: 760px)").matches;
  if (phone) {
    document.body.classList.toggle("drawer", wanted);
    $("page").inert = wanted;
    if (wanted) $("search").focus();
  } else if (wanted !== false) {
    settings.sidebar = wanted === "toggle" ? !settings.sidebar : true;
    saveSettings(settings);
    document.body.classList.toggle("no-sidebar", !settings.sidebar);
  }
}

function toggle(name) {
  settings[name] = !settings[name];
  saveSettings(settings);
  dress();
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  runs.has(shown) ? runs.stop(shown) : send($("input").value);
});
$("input").addEventListener("input", fit);
$("new-chat").addEventListener("click", () => open(null));
$("menu").addEventListener("click", () => drawer(matchMedia("(max-width: 760px)").matches || "toggle"));
$("veil").addEventListener("click", () => drawer(false));
$("think").addEventListener("click", () => toggle("thinking"));
$("calculate").addEventListener("click", () => toggle("calculator"));
$("own").addEventListener("click", () => dialog.open("set-ownTools"));
$("model").addEventListener("change", () => { settings.model = $("model").value; saveSettings(settings); });
$("open-settings").addEventListener("click", () => dialog.open());
$("open-keys").addEventListener("click", () => SettingsDialog.showKeys());
$("language").addEventListener("click", () => {
  settings.language = language === "zh" ? "en" : "zh";
  saveSettings(settings);
  dress();
});
window.addEventListener("hashchange", () => { if (location.hash.slice(1) !== shown.id) open(location.hash.slice(1)); });
window.addEventListener("popstate", () => { if (location.hash.slice(1) !== (store.get(shown.id) ? shown.id : "")) open(location.hash.slice(1)); });
window.addEventListener("pagehide", () => runs.leave((id) => store.get(id)));
window.addEventListener("pageshow", () => { runs.leaving = false; });
window.addEventListener("storage", (event) => {
  const id = store.takeOver(event);
  if (id && id === shown.id && !runs.has(shown)) shown = store.get(id) ?? newConversation();
  if (id) { refresh(); sidebar.show(shown.id); }
});
listenToKeys({
  send: () => { if (!runs.has(shown)) send($("input").value); },
  stop: () => { if (document.body.classList.contains("drawer")) drawer(false); else runs.stop(shown); },
  newChat: () => open(null),
  search: () => { drawer(true); $("search").focus(); },
  regenerate: () => { const last = path(shown).findLast((message) => message.role === "assistant"); if (last && !runs.has(shown)) acts.regenerate(last); },
  copy: () => messages.lastView("answer")?.element.querySelector(".foot .tools button:not(.again):not(.versions button)")?.click(),
  edit: () => messages.lastView("question")?.edit(),
  model: () => $("model").focus(),
  settings: () => dialog.open(),
  input: acts.toInput,
  keys: () => SettingsDialog.showKeys(),
});

for (const element of document.querySelectorAll("[data-icon]")) element.prepend(icon(element.dataset.icon));
shown = store.get(location.hash.slice(1)) ?? newConversation();
$("input").value = recall("draft") ?? "";
dress();
fit();
messages.goToEnd();
dialog.fill();
if (key) dialog.askForKey(key);
findModels();
