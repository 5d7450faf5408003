/** Exchanges a person's token for a cookie that scripts cannot read, and goes on to the page. */

import { getSession, postSession } from "./api.js";
import { byId } from "./dom.js";

const field = byId("token", HTMLInputElement);
const complaint = byId("complaint", HTMLElement);

/** @param {string} given  A token, or a link that ends in one. */
async function logIn(given) {
  try {
    await postSession(given);
    location.replace("/");
  } catch (error) {
    complaint.textContent = error instanceof Error ? error.message : String(error);
    complaint.hidden = false;
    field.select();
  }
}

byId("login-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void logIn(field.value);
});

const fragment = location.hash.slice(1);
// The token must not stay in the address, where it would be seen and remembered.
history.replaceState(null, "", location.pathname);
if (fragment) void logIn(fragment);
else getSession().then(() => location.replace("/"), () => field.focus());
