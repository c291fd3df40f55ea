// Lay out compressed evidence when its <details> is opened, all of it before the page is printed or when asked; open what a link leads to.
const unpack = async () => {
  const packed = Uint8Array.from(atob(document.getElementById("packed").dataset.gzip), (c) => c.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
let texts;
const inflateIn = async (part) => {
  const packed = [...part.querySelectorAll("pre[data-packed]")];
  if (!packed.length) return;
  texts ??= unpack();
  const all = await texts;
  for (const pre of packed.filter((one) => one.dataset.packed)) {
    pre.textContent = all[pre.dataset.packed];
    delete pre.dataset.packed;
  }
};
const reveal = () => {
  let part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const goal = part;
  for (; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  if (goal) goal.scrollIntoView();
};
document.addEventListener("toggle", (e) => { if (e.target.open) inflateIn(e.target); }, true);
window.addEventListener("hashchange", reveal);
const all = document.getElementById("all-evidence");
if (all) all.hidden = false;
all?.addEventListener("click", async () => {
  await inflateIn(document);
  for (const one of document.querySelectorAll("details")) one.open = true;
});
// Which approaches are compared: those behind the ~ of the address, so that a link leads to the same; all where there is none.
const boxes = [...document.querySelectorAll(".pick input")];
const pick = () => {
  for (const box of boxes)
    for (const cell of document.querySelectorAll(`.compared [data-of="${CSS.escape(box.value)}"]`)) cell.classList.toggle("off", !box.checked);
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
