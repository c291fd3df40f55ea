// Lay out compressed evidence when its <details> is opened, all of it before the page is printed or when asked; open what a link leads to.
const unpack = async () => {
  const packed = Uint8Array.from(atob(document.getElementById("packed").dataset.gzip), (c) => c.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
let unpacked;
const layOut = async (...parts) => {
  if (!parts.some((part) => part.dataset.packed)) return;
  const [lines, behind] = await (unpacked ??= unpack());
  for (const part of parts.filter((one) => one.dataset.packed)) {
    for (const [words, runs] of behind[part.dataset.packed]) {
      const text = runs.flatMap((first, i) => (i % 2 ? [] : lines.slice(first, first + runs[i + 1]))).join("\n");
      part.append(Object.assign(document.createElement("p"), { className: "small", textContent: words }));
      part.append(Object.assign(document.createElement("pre"), { textContent: text }));
    }
    delete part.dataset.packed;
  }
};
const reveal = () => {
  let part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const goal = part;
  for (; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  if (goal) goal.scrollIntoView();
};
document.addEventListener("toggle", (e) => { if (e.target.open) layOut(e.target); }, true);
window.addEventListener("hashchange", reveal);
const all = document.getElementById("all-evidence");
if (all) all.hidden = false;
all?.addEventListener("click", async () => {
  await layOut(...document.querySelectorAll("[data-packed]"));
  for (const one of document.querySelectorAll("details")) one.open = true;
});
// Which approaches are compared: those behind the ~ of the address, so that a link leads to the same; all where there is none.
const boxes = [...document.querySelectorAll(".pick input")];
const pick = () => {
  for (const row of document.querySelectorAll(".compared tr:not(.group, .ways)"))
    for (const [number, box] of boxes.entries()) row.cells[number + 1].classList.toggle("off", !box.checked);
  let from = 0;
  for (const way of document.querySelectorAll(".compared .ways th")) {
    const shown = boxes.slice(from, from += Number(way.dataset.many)).filter((box) => box.checked).length;
    way.colSpan = Math.max(shown, 1);
    way.classList.toggle("off", !shown);
  }
};
const picked = () => {
  const names = location.hash.startsWith("#comparison~") ? location.hash.slice(12).split("+").map(decodeURIComponent) : null;
  if (!names) return;
  for (const box of boxes) box.checked = names.includes(box.value);
  pick();
  document.getElementById("comparison").scrollIntoView();
};
for (const part of document.querySelectorAll(".pick")) {
  part.hidden = false;
  part.addEventListener("change", () => {
    const names = boxes.filter((box) => box.checked).map((box) => encodeURIComponent(box.value));
    history.replaceState(null, "", `#comparison~${names.join("+")}`);
    pick();
  });
}
window.addEventListener("hashchange", picked);
picked();
reveal();
