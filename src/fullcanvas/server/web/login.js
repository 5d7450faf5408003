/** Exchanges a person's token for a cookie that scripts cannot read, and goes on to the page. */

const SESSION = "/api/v1/session";
const form = /** @type {HTMLFormElement} */ (document.getElementById("login-form"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("token"));
const complaint = /** @type {HTMLElement} */ (document.getElementById("complaint"));

/** @param {string} given  A token, or a link that ends in one. */
async function logIn(given) {
  const token = given.slice(given.indexOf("#") + 1).trim();
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch(SESSION, { method: "POST", headers, body: JSON.stringify({ token }) });
    if (answer.ok) location.replace("/");
    else complain((await answer.json()).detail);
  } catch {
    complain("The server does not answer. Is Fullcanvas still running?");
  }
}

/** @param {string} sentence */
function complain(sentence) {
  complaint.textContent = sentence;
  complaint.hidden = false;
  field.select();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(field.value);
});

const fragment = location.hash.slice(1);
// The token must not stay in the address, where it would be seen and remembered.
history.replaceState(null, "", location.pathname);
if (fragment) logIn(fragment);
else if ((await fetch(SESSION)).ok) location.replace("/");

// Makes this a module, which may wait at its top level.
export {};
