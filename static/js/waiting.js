// Payments that staff wrote down without a line: kept on this phone, shown, and sent when there is one again. Each bears
// its form's own number: the server books a second copy nowhere. Fetched by app.js for such forms, or when some wait.

const RETRY_MS = 20000;
const UPLOAD_MS = 90000; // a photo over one bar of signal
const place = document.querySelector("[data-waiting]"), { person } = place.dataset;
const say = (words) => document.dispatchEvent(new CustomEvent("portal:say", { detail: words }));

const answer = (request) => new Promise((done, failed) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => failed(request.error);
});
const opening = indexedDB.open("portal", 1);
opening.onupgradeneeded = () => opening.result.createObjectStore("payments", { keyPath: "id" });
const opened = answer(opening);
const store = async (act) => answer(act((await opened).transaction("payments", "readwrite").objectStore("payments")));
const remove = (id) => store((all) => all.delete(id));
const part = (tag, words, more = {}) => Object.assign(document.createElement(tag), { textContent: words, ...more });
const button = (words, onclick) => part("button", words, { type: "button", className: "button link", onclick });

// Money only, and what it is for; neither name nor address stays behind on the phone.
async function keep(form) {
  const data = [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && (value.size ?? 1));
  const { form_id: { value: id }, amount } = form.elements;
  const way = form.querySelector("[name=method]:checked").labels[0].textContent.trim().toLowerCase();
  const words = `${amount.value} ${form.dataset.waits}, ${way}`;
  await store((all) => all.put({ id, person, data, words, action: form.action, page: location.href }));
  form.replaceWith(part("p", "Kept on this phone. It is sent by itself when there is a line: do not write it down again.", { className: "notice due" }));
  await show();
}

function line(each) {
  const item = part("li", each.words), asked = part("details", "");
  if (each.refused) item.append(`: ${each.refused} `, part("a", "Look at it", { href: each.page }));
  asked.append(part("summary", "Remove"), "It may have reached us all the same: look at its invoice first.",
    button("Remove it", () => remove(each.id).then(show)));
  item.append(asked);
  return item;
}

async function show() {
  const all = await store((rows) => rows.getAll()), mine = all.filter((each) => each.person === person);
  const list = part("ul", ""), others = all.length - mine.length;
  localStorage.setItem("waiting", all.length || "");
  place.hidden = !all.length;
  list.append(...mine.map(line));
  const count = part("strong", `${mine.length} payment${mine.length > 1 ? "s" : ""} waiting on this phone`);
  place.replaceChildren(...(mine.length ? [count, button("Send now", () => sendAll(true)), list] : []));
  if (others) place.append(part("p", `${others} waiting of somebody else: sent when they sign in on this phone.`));
  return mine;
}

// Only what names its receipt is recorded. True: go on with the next one.
async function send(each) {
  const body = new FormData();
  each.data.forEach(([name, value]) => body.append(name, value));
  const headers = { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) };
  const reply = await fetch(each.action, { method: "POST", body, headers, signal: AbortSignal.timeout(UPLOAD_MS) });
  const receipt = reply.headers.get("X-Receipt");
  const isHere = each.page === location.href && !document.querySelector("form[data-waits]");
  if (receipt) {
    await remove(each.id);
    if (isHere) location.assign(reply.headers.get("HX-Redirect"));
    else say(`${each.words}: recorded, receipt ${receipt}.`);
  } else if (reply.status !== 401 && reply.status < 500) {
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const mistakes = [...page.querySelectorAll("[data-mistakes] li")].map((mistake) => mistake.textContent.trim());
    await store((all) => all.put({ ...each, refused: mistakes.join(" ") || "This has changed meanwhile." }));
    if (isHere) location.reload(); // its form comes back, filled
  }
  return reply.ok || reply.status < 500;
}

const sendAll = (again) => navigator.locks.request("waiting", { ifAvailable: true }, async (lock) => {
  const due = lock ? (await show()).filter(({ refused }) => again || !refused) : [];
  for (const each of due) if (!(await send(each).catch(() => false))) break;
  if (due.length) await show();
});

// What was refused comes back into its form, under its own number.
async function fill(form) {
  const kept = (await show()).find(({ page, refused }) => refused && page === location.href);
  for (const field of form && kept ? form.elements : []) {
    const value = kept.data.find(([name]) => name === field.name)?.[1];
    const files = new DataTransfer();
    if (value instanceof File && files.items.add(value)) field.files = files.files;
    else if (field.type === "radio") field.checked = field.value === value;
    else if (value !== undefined) field.value = value;
  }
}

const unkept = () => say("The line dropped, and this browser keeps nothing. What you typed stands here: send it again.");
const ofForm = (act) => ({ detail: { elt, xhr } }) => elt.matches("form[data-waits]") && act(elt, xhr);
for (const lost of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(lost, ofForm((form) => keep(form).catch(unkept)));
document.addEventListener("htmx:afterRequest", ofForm((form, xhr) => xhr.getResponseHeader("X-Receipt") && remove(form.elements.form_id.value)));
addEventListener("online", () => sendAll());
setInterval(() => navigator.onLine && !place.hidden && sendAll(), RETRY_MS);
fill(document.querySelector("form[data-waits]")).then(() => sendAll());
