// <time datetime data-relative> becomes "3 minutes ago" in the language of the page, and stays true while the page is open.
// After a week the server's own text stands; it is kept as the tooltip until then.
const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 7],
];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "ja", { numeric: "auto" });

function spoken(then) {
  let amount = (then - Date.now()) / 1000;
  if (Math.abs(amount) < 45) return words.format(0, "second");
  for (const [unit, size] of STEPS) {
    if (Math.abs(amount) < size) return words.format(Math.round(amount), unit);
    amount /= size;
  }
  return null;
}

export function refresh(root = document) {
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const then = Date.parse(element.dateTime);
    if (Number.isNaN(then)) continue;
    if (!element.title) element.title = element.textContent.trim();
    const text = spoken(then) ?? element.title;
    if (element.textContent !== text) element.textContent = text;
  }
}

refresh();
setInterval(refresh, 30_000);
document.addEventListener("machi:swapped", (event) => refresh(event.target));
