/** Who is at work, and what their role allows. */

/** @import {Annotator} from "./annotator.js" */
/** @import {State} from "./state.js" */
/** @import {Role, Session} from "./types.js" */
import * as api from "./api.js";
import { byId } from "./dom.js";
import { set } from "./state.js";

/** @type {readonly Role[]} */
const ROLES = ["annotator", "reviewer", "admin"];

/**
 * Whether somebody's role is at least this one; who is not known yet may try, and the server decides.
 * @param {Session | null} session
 * @param {Role | undefined} least
 */
export function allows(session, least) {
  return !session || !least || ROLES.indexOf(session.role) >= ROLES.indexOf(least);
}

/**
 * Whether somebody may open the photo again: a reviewer, or who completed it, until it is reviewed.
 * @param {State} state
 */
export function mayReopen({ photo, session }) {
  const own = photo?.status === "complete" && photo.author !== null && photo.author === session?.name;
  return own || allows(session, "reviewer");
}

/** @param {Annotator} annotator */
export function showAccess(annotator) {
  const { store } = annotator;
  byId("log-out", HTMLButtonElement).addEventListener("click", () => logOut(annotator));
  showLogin(annotator);
  // After a pause somebody else may have logged in.
  store.watch((state) => state.loggedOut, (loggedOut) => {
    if (!loggedOut) annotator.enqueue(async () => learn(annotator));
  });
  store.watch((state) => state.session, show);
}

/**
 * Coming in again without leaving the page, which keeps what is not stored yet.
 * @param {Annotator} annotator
 */
function showLogin(annotator) {
  const dialog = byId("login-dialog", HTMLDialogElement);
  const token = byId("login-token", HTMLInputElement);
  const complaint = byId("login-complaint", HTMLElement);
  byId("banner-login", HTMLButtonElement).addEventListener("click", () => dialog.showModal());
  byId("login-form", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    const error = await api.postSession(token.value).then(() => null, (/** @type {Error} */ failure) => failure);
    complaint.textContent = error?.message ?? "";
    complaint.hidden = !error;
    if (error) return token.select();
    token.value = "";
    dialog.close();
    annotator.retry();
  });
}

/** @param {Annotator} annotator */
async function learn({ store }) {
  const session = await api.getSession();
  store.update(set({ session }));
}

/**
 * Leave, after everything done so far is stored.
 * @param {Annotator} annotator
 */
function logOut(annotator) {
  annotator.enqueue(async () => {
    await api.deleteSession();
    location.assign("/login");
  });
}

/** @param {Session | null} session */
function show(session) {
  if (session) document.body.dataset["role"] = session.role;
  byId("account", HTMLElement).hidden = !session?.name;
  byId("account-name", HTMLElement).textContent = session ? `${session.name} (${session.role})` : "";
}
