// After signing out: look which apps did not answer, and go on to the app once the frames have been called.
const report = document.querySelector("[data-check-url]");
const onward = document.querySelector("a[data-go-on]");
const frames = [...document.querySelectorAll("iframe[data-logout]")];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function ask() {
  const until = Date.now() + 8000;
  while (Date.now() < until) {
    await pause(400);
    const answer = await fetch(report.dataset.checkUrl, { headers: { "X-Fragment": "1" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    report.replaceChildren(...page.body.childNodes);
    if (answer.headers.get("X-Pending") === "0") return;
  }
}

// A frame's load event may have come before this module ran; the browser's timing then knows the frame.
const loaded = frames.map((frame) =>
  performance.getEntriesByName(frame.src).length
    ? Promise.resolve()
    : new Promise((resolve) => frame.addEventListener("load", resolve)),
);
if (report) ask().catch(() => {});
if (onward) Promise.race([Promise.all(loaded), pause(3000)]).then(() => location.replace(onward.href));
