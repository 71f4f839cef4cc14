// One tap sends a form once. The server refuses the second copy anyway; this spares people the wait and the doubt.
// Also owns the page's one spoken line: document.dispatchEvent(new CustomEvent("portal:say", {detail: "Copied"})).

const SLOW_MS = 15000;

document.addEventListener("portal:say", (event) => {
  const line = document.querySelector("[data-live]");
  if (!line) return;
  const stays = !event.detail && "stays" in line.dataset;
  delete line.dataset.stays;
  if (!stays) line.textContent = event.detail;
});

const say = (words) => document.dispatchEvent(new CustomEvent("portal:say", { detail: words }));

function buttonsOf(sender) {
  if (!(sender instanceof HTMLFormElement)) return [sender];
  return [...sender.elements].filter((part) => part.type === "submit");
}

function hold(sender) {
  sender.dataset.busy = "";
  for (const button of buttonsOf(sender)) {
    button.setAttribute("aria-disabled", "true");
    button.setAttribute("aria-busy", "true");
  }
}

function release(sender) {
  delete sender.dataset.busy;
  for (const button of buttonsOf(sender)) {
    button.removeAttribute("aria-disabled");
    button.removeAttribute("aria-busy");
  }
}

// Buttons are marked, not disabled: a disabled button loses focus and would drop its own name and value.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return; // htmx has taken it
  const form = event.target;
  if (form.method === "get" || form.method === "dialog") return;
  if ("busy" in form.dataset) return event.preventDefault();
  hold(form);
  keep(form);
  setTimeout(() => {
    if (!("busy" in form.dataset)) return;
    release(form);
    say(form.dataset.slow || "This is taking long. You can send it again: nothing will be done twice.");
  }, SLOW_MS);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (requestConfig.verb === "get") return;
  if ("busy" in elt.dataset) return event.preventDefault();
  hold(elt);
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = event.detail;
  // A redirect is still on its way to the next page: a second tap now would really send twice.
  if (xhr.getResponseHeader("HX-Redirect")) return;
  if ("busy" in elt.dataset) release(elt);
});

// Back from the next page: browsers may bring this one back exactly as it was left.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-busy]").forEach(release);
});

// A line that drops while a form is sent leaves the browser's own page, and Back fetches an empty form. So what was typed
// is kept in this tab until the next page of ours stands. With the form's own number: the server knows a second copy.
const fieldsOf = (form) => [...form.elements].filter((field) => {
  const isOurs = field.name && field.name !== "csrf_token" && !("secret" in field.dataset);
  return isOurs && !["password", "file", "submit", "button"].includes(field.type);
});

function keep(form) {
  const fields = fieldsOf(form).map(({ value, checked }) => [value, checked]);
  sessionStorage.setItem("typed", JSON.stringify({ page: location.href, action: form.action, fields }));
}

function bringBack() {
  const kept = JSON.parse(sessionStorage.getItem("typed") || "{}");
  sessionStorage.removeItem("typed");
  if (kept.page !== location.href || performance.getEntriesByType("navigation")[0]?.type !== "back_forward") return;
  const form = [...document.forms].find(({ action }) => action === kept.action);
  const fields = form ? fieldsOf(form) : [];
  const typed = fields.find(({ type }) => type !== "hidden");
  if (!typed || fields.length !== kept.fields.length) return;
  fields.forEach((field, n) => { [field.value, field.checked] = kept.fields[n]; });
  typed.dispatchEvent(new Event("change", { bubbles: true }));
  say("No answer came. What you typed is here again; sending it twice does nothing twice.");
  const line = document.querySelector("[data-live]");
  if (line) line.dataset.stays = ""; // while the preview of what came back is fetched, whose answer would clear it
}

document.addEventListener("DOMContentLoaded", bringBack); // htmx listens by then
