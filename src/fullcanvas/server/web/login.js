/** Exchanges a person's token for a cookie that scripts cannot read, and goes on to the page. */

import { getSession, postSession } from "./api.js";
import { byId } from "./dom.js";

const field = byId("token", HTMLInputElement);
const complaint = byId("complaint", HTMLElement);

/** @param {string} given  A token, or a link that ends in one. */
async function logIn(given) {
  try {
    await postSession(given);
    goOn();
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

/** To the page; to a photo, if a link to one led here. */
function goOn() {
  location.replace(`/${wanted}`);
}

const fragment = location.hash.slice(1);
// A token is name.secret, a photo a number. Who follows a link from another site comes without the cookie, logged in or
// not, and is sent here with whatever the link ends in.
const isToken = fragment.includes(".");
const wanted = isToken ? "" : location.hash;
// The token must not stay in the address, where it would be seen and remembered.
history.replaceState(null, "", location.pathname);
if (isToken) void logIn(fragment);
else getSession().then(goOn, () => field.focus());
