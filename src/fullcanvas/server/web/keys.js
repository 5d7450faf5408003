/** Which key does what: names of keys, the table's defaults, and the person's own choices. */

/** @import {Command} from "./commands.js" */

const STORED = "fullcanvas.keys";

/**
 * The name of the key that an event speaks of, as the table writes it: "N", "Shift+N", "Mod+Z", "?".
 * @param {KeyboardEvent} event
 */
export function keyName(event) {
  // On a keyboard of another script the letter of the Latin key at that place counts.
  const latin = /^\P{ASCII}$/u.test(event.key) && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : event.key;
  const key = latin === " " ? "Space" : latin.length === 1 ? latin.toUpperCase() : latin;
  const shifts = key.length > 1 || /\p{L}/u.test(key);
  const mod = event.ctrlKey || event.metaKey ? "Mod+" : "";
  return `${mod}${event.altKey ? "Alt+" : ""}${event.shiftKey && shifts ? "Shift+" : ""}${key}`;
}

/** Keys as people read them. */
const SHOWN = /** @type {Record<string, string>} */ ({
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Delete: "Del",
  Backspace: "⌫",
  Mod: /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘" : "Ctrl",
});

/**
 * @param {string} name
 */
export function showKey(name) {
  return name
    .split(/\+(?=.)/)
    .map((part) => SHOWN[part] ?? part)
    .join("+");
}

export class Keymap {
  /** @type {Record<string, string[]>} */
  #own;

  /** @param {readonly Command[]} commands */
  constructor(commands) {
    this.commands = commands;
    this.#own = read();
  }

  /**
   * The keys of a command.
   * @param {Command} command
   * @returns {readonly string[]}
   */
  keys(command) {
    const own = this.#own[command.id];
    if (own) return own;
    const taken = new Set(Object.values(this.#own).flat());
    return command.keys.filter((key) => !taken.has(key));
  }

  /**
   * A text in parts: in it, {command} stands for the key of that command, which the person may have changed.
   * @param {string} text
   * @returns {{text: string, command: Command | null}[]}
   */
  parts(text) {
    return text.split(/\{([a-z-]+)\}/).map((part, index) => {
      const command = index % 2 ? this.commands.find(({ id }) => id === part) : undefined;
      if (command) return { text: showKey(this.keys(command)[0] ?? "–"), command };
      return { text: index % 2 ? `{${part}}` : part, command: null };
    });
  }

  /**
   * Such a text, spelt out.
   * @param {string} text
   */
  spell(text) {
    return this.parts(text).map((part) => part.text).join("");
  }

  /**
   * The command of a key.
   * @param {string} name
   * @returns {Command | undefined}
   */
  find(name) {
    return this.commands.find((command) => this.keys(command).includes(name));
  }

  /**
   * Give a command another key, which it takes from whichever has it; null goes back to the default.
   * @param {Command} command
   * @param {string | null} name
   */
  assign(command, name) {
    const others = Object.entries(this.#own).filter(([id]) => id !== command.id);
    const own = Object.fromEntries(others.map(([id, keys]) => [id, keys.filter((key) => key !== name)]));
    this.#own = name === null ? own : { ...own, [command.id]: [name] };
    localStorage.setItem(STORED, JSON.stringify(this.#own));
  }
}

/** @returns {Record<string, string[]>} */
function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "{}");
    const entries = Object.entries(stored).filter(([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === "string"));
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
