// Staff pages, beside htmx: a poor line, failed requests, and where the focus goes after a swap.

const say = (words) => document.dispatchEvent(new CustomEvent("portal:say", { detail: words }));

// A poor line -----------------------------------------------------------------------------------------------

const banner = document.querySelector("[data-offline]");
const showLine = () => {
  if (banner) banner.hidden = navigator.onLine;
};
addEventListener("online", showLine);
addEventListener("offline", showLine);
showLine();

// Payments written down without a line (waiting.js), where such a form stands or some wait already.
const queue = document.querySelector("[data-waiting]");
let waiting = null;
const isNeeded = document.querySelector("form[data-waits]") || localStorage.getItem("waiting");
if (queue && isNeeded) import(queue.dataset.waiting).then((module) => { waiting = module; });

// Failed requests -------------------------------------------------------------------------------------------

const RETRY_POLL_MS = 5000;
const isPolling = (elt) => /^(load|every)/.test(elt.getAttribute("hx-trigger") || "");

function offerRetry(words, elt) {
  say(words);
  const form = elt instanceof HTMLFormElement ? elt : elt.form;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "button link";
  again.textContent = "Try again";
  again.addEventListener("click", () => {
    say("");
    if (form) form.requestSubmit(elt === form ? undefined : elt.type === "submit" ? elt : undefined);
    else elt.click();
  });
  document.querySelector("[data-live]")?.append(again);
}

// A part that fetches itself asks quietly again; what a person sent is reported, with a way to send it again.
function failed(words) {
  return ({ detail: { elt } }) => {
    if (elt.matches("[data-waits]") && waiting) return; // kept on the phone instead
    if (isPolling(elt)) {
      setTimeout(() => elt.isConnected && window.htmx.ajax("GET", elt.getAttribute("hx-get"), { source: elt }), RETRY_POLL_MS);
    } else {
      offerRetry(words, elt);
    }
  };
}

document.addEventListener("htmx:timeout", failed("No answer after 15 seconds. Nothing you typed is lost."));
document.addEventListener("htmx:sendError", failed("The line dropped. Nothing you typed is lost."));
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  if (status === 401 || status === 403 || status === 404 || status === 409) {
    say(status === 401 ? "You have been signed out. Open the page again to sign in." : "This has changed meanwhile. Open the page again.");
  } else {
    failed("Something went wrong on our side. Nothing you typed is lost.")(event);
  }
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.shouldSwap && !detail.isError) say("");
});

// Focus after a swap ----------------------------------------------------------------------------------------

function focusOn(place) {
  if (!place) return;
  if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
  place.focus();
}

const mistakesIn = (root) => (root.matches?.("[data-mistakes]") ? root : root.querySelector?.("[data-mistakes]"));

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const part = detail.elt;
  const mistakes = mistakesIn(part);
  if (mistakes) return focusOn(mistakes);
  // Only a person's own act moves the focus, and only when the swap took away what had it: a live figure never does.
  const byHand = detail.requestConfig?.triggeringEvent?.isTrusted;
  const lost = !document.activeElement || document.activeElement === document.body;
  if (byHand && lost) focusOn(part.querySelector("[data-focus], h1, h2, h3") || part);
});

const firstMistakes = mistakesIn(document);
if (firstMistakes) focusOn(firstMistakes);

// Photos: what makes them smaller is fetched only when some have been chosen ----------------------------------

// Who chose before this script came keeps the button.
document.querySelectorAll("[data-photos]").forEach((form) => {
  const chosen = [...form.querySelectorAll("input[type=file]")].some((input) => input.files.length);
  form.querySelector("[data-unscripted]").hidden = !chosen;
});
document.addEventListener("change", async ({ target }) => {
  const form = target.closest("[data-photos]");
  if (form) (await import(form.dataset.photos)).send(target);
});
