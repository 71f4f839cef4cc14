// The pay page's only script; the page works without it.

// A browser that really shows the page says so. Fetching the page alone, as mail scanners do, counts for nothing.
function tellOpening() {
  const page = document.querySelector("[data-opening]");
  if (!page || document.visibilityState !== "visible") return;
  const address = page.dataset.opening;
  delete page.dataset.opening;
  fetch(address, { method: "POST", keepalive: true, credentials: "omit" }).catch(() => {});
}

// One tap sends the form once. The server leads a second one to the same page anyway.
function hold(event) {
  const form = event.target;
  if ("busy" in form.dataset) return event.preventDefault();
  form.dataset.busy = "";
  form.querySelector("button").setAttribute("aria-disabled", "true");
  document.querySelector("[data-live]").textContent = form.dataset.wait;
}

// Back from Stripe's page: the browser may show this one as it was left, which may be before the payment.
function lookAgain(event) {
  if (event.persisted) location.reload();
}

tellOpening();
document.addEventListener("visibilitychange", tellOpening);
document.addEventListener("submit", hold);
window.addEventListener("pageshow", lookAgain);
