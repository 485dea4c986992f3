// While an event waits, look again every second, so that a clerk sees it arrive. Without this the page still works.
const list = document.querySelector("[data-delivery]");

async function look() {
  const answer = await fetch(list.dataset.delivery, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-delivery]");
  if (fresh && fresh.textContent !== list.textContent) list.replaceChildren(...fresh.childNodes);
  if (fresh) list.dataset.state = fresh.dataset.state;
  if (list.dataset.state === "waiting") setTimeout(look, 1000);
}

if (list && list.dataset.state === "waiting") setTimeout(look, 300);
