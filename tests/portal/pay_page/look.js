// What can be held against a page by looking at it, where no script of the page may run (axe needs them), and the size of
// what is pressed, which axe asks for in part only. A list of complaints.
() => {
  const said = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
  const name = (element) => `${element.localName} "${element.textContent.trim().slice(0, 30)}"`;

  if (document.querySelectorAll("h1").length !== 1) said.push("not one h1");
  let level = 0;
  for (const heading of all("h1, h2, h3, h4")) {
    const next = Number(heading.localName[1]);
    if (next > level + 1) said.push(`${name(heading)} skips a level`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) said.push(`id ${id} twice`);
  for (const field of all("input, textarea, select")) if (!field.labels.length) said.push(`${field.name} has no label`);
  for (const image of all("img")) if (!image.hasAttribute("alt")) said.push(`${image.src} has no alt`);
  for (const target of all("button, summary, input, textarea, .button")) {
    const box = (["radio", "checkbox"].includes(target.type) ? target.closest("label") : target).getBoundingClientRect();
    if (box.height < 44 || box.width < 44) said.push(`${name(target)} is ${box.width} by ${box.height}`);
  }
  for (const act of all("a, button")) if (!act.textContent.trim() && !act.ariaLabel) said.push("an act without a name");
  if (document.documentElement.scrollWidth > window.innerWidth) said.push("scrolls sideways");

  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = (element) => {
    if (!element) return rgba(getComputedStyle(document.documentElement).getPropertyValue("color-scheme").includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff");
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    if (!words.currentNode.textContent.trim() || !seen(element) || element.closest(".hear, svg, [hidden]")) continue;
    const style = getComputedStyle(element);
    const under = behind(element);
    const ink = rgba(style.color);
    ink[3] *= Number(style.opacity);
    const [a, b] = [light(over(ink, under)), light(under)].sort((one, two) => two - one);
    const size = parseFloat(style.fontSize);
    const enough = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < enough) said.push(`${name(element)} has a contrast of ${ratio.toFixed(2)}`);
  }
  return said;
}
