// The language of the page: the browser's, until the reader chooses one. `say` is the table of its words.
import { ENGLISH } from "./words_en.js";
import { CHINESE } from "./words_zh.js";

const WORDS = { en: ENGLISH, zh: CHINESE };
export let language = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
export let say = WORDS[language];

export function speak(wanted) {
  if (wanted in WORDS) language = wanted;
  say = WORDS[language];
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say[element.dataset.say];
  for (const element of document.querySelectorAll("[data-say-placeholder]")) element.placeholder = say[element.dataset.sayPlaceholder];
  for (const element of document.querySelectorAll("[data-say-label]")) {
    element.setAttribute("aria-label", say[element.dataset.sayLabel]);
    if (element.localName === "button") element.title = say[element.dataset.sayLabel];
  }
}

// A failure in the reader's words; `failure` is what api.js makes of an error.
export function inWords(failure) {
  const text = say.failures[failure.kind] ?? say.failures.other;
  return typeof text === "function" ? text(failure) : text;
}
