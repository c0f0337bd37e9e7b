// What the reader has set: kept in this browser, but for the API key, which only this tab keeps.
import { recall, remember } from "./store.js";

const DEFAULTS = {
  model: "", temperature: "0.6", topP: "1", maxTokens: "", seed: "", system: "", thinking: false,
  calculator: false, ownTools: "", language: "", theme: "auto", sidebar: true,
};
// Name of the setting: [name in the request, lowest, highest, only whole numbers].
export const NUMBERS = {
  temperature: ["temperature", 0, 2, false],
  topP: ["top_p", 0, 1, false],
  maxTokens: ["max_completion_tokens", 1, null, true],
  seed: ["seed", null, null, true],
};

export function loadSettings() {
  let kept = {};
  try { kept = JSON.parse(recall("settings")) ?? {}; } catch { /* damaged: the defaults do */ }
  const same = Object.entries(kept).filter(([name, value]) => typeof value === typeof DEFAULTS[name]);
  return { ...DEFAULTS, ...Object.fromEntries(same) };
}

export function saveSettings(settings) {
  remember("settings", JSON.stringify(settings));
}

export function loadKey() {
  try { return sessionStorage.getItem("joyflash.key") ?? ""; } catch { return ""; }
}

export function saveKey(key) {
  try { sessionStorage.setItem("joyflash.key", key); } catch { /* it lasts as long as the page */ }
}

// Whether a header can carry it.
export const isKey = (text) => /^[\x21-\x7e]*$/.test(text);

// Whether the text is a number that the server takes for this setting; an empty one leaves it to the server.
export function isGood(name, text) {
  const [, low, high, whole] = NUMBERS[name];
  if (text === "") return true;
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) && (!whole || Number.isSafeInteger(value)) && (low === null || value >= low) && (high === null || value <= high);
}

// The fields of a request that settings decide; `tools` are those that are switched on.
export function requestFields(settings, tools) {
  const fields = { model: settings.model, chat_template_kwargs: { enable_thinking: settings.thinking } };
  for (const [name, [field]] of Object.entries(NUMBERS)) {
    if (settings[name] !== "" && isGood(name, settings[name])) fields[field] = Number(settings[name]);
  }
  if (tools.length) fields.tools = tools;
  return fields;
}
