// Hand a link on: the phone's own share sheet, or the clipboard. Both buttons stay hidden where they cannot work.

const say = (words) => document.dispatchEvent(new CustomEvent("portal:say", { detail: words }));

const canShare = typeof navigator.share === "function";
const canCopy = Boolean(navigator.clipboard);

function reveal(root) {
  root.querySelectorAll("[data-share]").forEach((button) => (button.hidden = !canShare));
  root.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = !canCopy));
}

async function share({ share: url, title, text }) {
  try {
    await navigator.share({ url, title, text });
  } catch (problem) {
    if (problem.name !== "AbortError") say("Sharing did not work. Copy the link instead.");
  }
}

async function copy(url) {
  try {
    await navigator.clipboard.writeText(url);
    say("Copied");
    setTimeout(() => say(""), 4000);
  } catch {
    say("Copying was refused. Press and hold the link to copy it.");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-share], [data-copy]");
  if (!button) return;
  if ("share" in button.dataset) share(button.dataset);
  else copy(button.dataset.copy);
});

reveal(document);
document.addEventListener("htmx:afterSettle", ({ target }) => reveal(target));
