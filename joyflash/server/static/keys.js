// The keyboard: what words_en.js lists under `shortcuts`. Letters go with Alt, by their place on the keyboard, since
// browsers and screen readers keep most other combinations for themselves.
import { $ } from "./dom.js";

const WITH_ALT = { KeyN: "newChat", KeyK: "search", KeyR: "regenerate", KeyC: "copy", KeyM: "model", KeyS: "settings", KeyI: "input" };

// `acts` has a function for every name above, and send, stop, edit and keys.
export function listenToKeys(acts) {
  $("input").addEventListener("keydown", (event) => {
    // While a Chinese word is being composed, Enter chooses it.
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      acts.send();
    } else if (event.key === "ArrowUp" && $("input").value === "") {
      event.preventDefault();
      acts.edit();
    }
  });
  document.addEventListener("keydown", (event) => {
    const name = event.altKey && !event.ctrlKey && !event.metaKey ? WITH_ALT[event.code] : null;
    const help = (event.ctrlKey || event.metaKey) && (event.key === "/" || event.code === "Slash");
    if (name || help) {
      event.preventDefault();
      acts[name ?? "keys"]();
    } else if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      acts.stop();
    }
  });
}
