// Plus and minus beside a quantity. Without scripts the number is typed, and the two buttons are not shown.

const ready = (root) => root.querySelectorAll("[data-stepper]").forEach((box) => box.classList.add("ready"));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (!button) return;
  const input = button.closest("[data-stepper]").querySelector("input");
  const decimals = (input.dataset.by.split(".")[1] || "").length;
  const sum = Number(input.value.replace(",", ".") || 0) + Number(button.dataset.step) * Number(input.dataset.by);
  input.value = Math.max(Number(input.dataset.least || 0), sum).toFixed(decimals).replace(/\.0+$/, "");
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

ready(document);
document.addEventListener("htmx:afterSettle", ({ target }) => ready(target));
