// Live page: listens to the stream named by <body data-live-url>, fetches again the fragments a change concerns and swaps them in.
//
// Stream: event "hello" (from here on nothing is missed; with {"in": ms}: look at everything then), "change" with data
// {"fragments": ["home", "case:ID", ...], "in": ms, "words": {"title": {"ja": ...}, "important"}}, "beat", "deaf" (it hears nothing until the next hello), "back" (it ends; come back
// in {"in": ms}), "ended" when the session is over. The id of an event says up to where this page has heard; {"every": ms} how often it
// may look by itself when it cannot hear: there are many like it.
// Fragment: <div data-fragment="home case:ID" data-fragment-url="/..."> ; fetched with X-Fragment: 1, answered with its inner HTML.
// Inside a fragment, an element with data-announce="text" is read out politely when its text changes.
// Nothing moves under the reader: a fragment that is scrolled into, or typed in, waits behind the button [data-live-show].
const POLL = 15_000;
const FIRST_PAUSE = 4000;
const LONGEST_PAUSE = 30_000;
const LONGEST_PAUSE_REFUSED = 120_000;
const HIDDEN_PATIENCE = 60_000;

const streamUrl = document.body.dataset.liveUrl;
const announcer = document.getElementById("live-announcer");
const showButton = document.querySelector("[data-live-show]");
const wordsElement = document.querySelector("[data-live-words]");
const stateElement = document.querySelector("[data-live-state]");
const waiting = new Map();
const fetching = new Map();
const shown = new WeakMap(); // what the server last said, before other scripts touched it
let source = null;
let failures = 0;
let lostAt = null;
let polling = null;
let retry = null;
let leaving = null;
let heard = document.body.dataset.liveAfter ?? "";
let every = POLL;
let renewal = null;
const awaited = new Set(); // keys of fragments whose turn to be fetched comes with `renewal`
const EVERYTHING = "*";

const fragments = () => [...document.querySelectorAll("[data-fragment][data-fragment-url]")];
const keysOf = (element) => element.dataset.fragment.split(/\s+/);

function setState(state) {
  if (stateElement && stateElement.dataset.state !== state) stateElement.dataset.state = state;
}

function announcement(root) {
  return [...root.querySelectorAll("[data-announce]")].map((element) => element.dataset.announce).filter(Boolean).join(" ");
}

// An element is found again after a swap by its id, its data-key or, for links, where it leads.
function twin(element, root) {
  if (element.id) return root.querySelector(`#${CSS.escape(element.id)}`);
  if (element.dataset.key) return root.querySelector(`[data-key="${CSS.escape(element.dataset.key)}"]`);
  const href = element.getAttribute("href");
  return href ? root.querySelector(`a[href="${CSS.escape(href)}"]`) : null;
}

function typedIn(element) {
  return [...element.querySelectorAll("input, textarea, select")].some((input) => {
    if (input.type === "hidden") return false;
    if (input.tagName === "SELECT") return [...input.options].some((option) => option.selected !== option.defaultSelected);
    return input.type === "checkbox" || input.type === "radio" ? input.checked !== input.defaultChecked : input.value !== input.defaultValue;
  });
}

// Would swapping now move what the person reads or holds?
function wouldDisturb(element, next) {
  if (typedIn(element)) return true;
  const active = document.activeElement;
  if (active && element !== active && element.contains(active) && !twin(active, next)) return true;
  const selection = document.getSelection();
  if (selection && !selection.isCollapsed && element.contains(selection.anchorNode)) return true;
  if (getComputedStyle(element).position === "fixed" || element.closest("nav")) return false;
  const box = element.getBoundingClientRect();
  return box.top < -8 && box.bottom > 0;
}

function swap(element, markup) {
  const active = document.activeElement;
  const held = active && element !== active && element.contains(active) ? active : null;
  const open = [...element.querySelectorAll("details[data-key][open]")].map((details) => details.dataset.key);
  const said = announcement(element);
  const old = new Map([...element.querySelectorAll("[data-row]")].map((row) => [row.dataset.row, row.dataset.version]));
  const template = document.createElement("template");
  template.innerHTML = markup;
  const successor = held ? twin(held, template.content) : null;
  for (const key of open) template.content.querySelector(`details[data-key="${CSS.escape(key)}"]`)?.setAttribute("open", "");
  // What is new or different is marked for a moment; the words themselves say what it is.
  for (const row of template.content.querySelectorAll("[data-row]"))
    if (old.get(row.dataset.row) !== row.dataset.version) row.dataset.fresh = "";
  // A fragment above the reader grows or shrinks: the page is moved back by as much, so the reader sees no jump.
  const above = element.getBoundingClientRect().bottom <= 0;
  const before = element.offsetHeight;
  element.replaceChildren(template.content);
  if (above) window.scrollBy({ top: element.offsetHeight - before, behavior: "instant" });
  successor?.focus({ preventScroll: true });
  element.dispatchEvent(new CustomEvent("machi:swapped", { bubbles: true }));
  const says = announcement(element);
  if (announcer && says && says !== said) announcer.textContent = says;
}

function offer(element, markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  if (wouldDisturb(element, template.content)) {
    waiting.set(element, markup);
    if (showButton) showButton.hidden = false;
    return;
  }
  waiting.delete(element);
  if (showButton && waiting.size === 0) showButton.hidden = true;
  swap(element, markup);
}

async function load(element) {
  const response = await fetch(element.dataset.fragmentUrl, {
    headers: { "X-Fragment": "1", Accept: "text/html" },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "manual",
  });
  if (response.status === 401 || response.type === "opaqueredirect") {
    setState("signed-out");
    stop();
    return;
  }
  if (!response.ok) throw new Error(String(response.status));
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  const markup = template.innerHTML;
  if (markup !== shown.get(element)) {
    shown.set(element, markup);
    offer(element, markup);
  }
}

// One fetch at a time for a fragment; a change that arrives meanwhile makes one more.
function renew(element) {
  const running = fetching.get(element);
  if (running) {
    running.again = true;
    return;
  }
  const turn = { again: false };
  fetching.set(element, turn);
  load(element)
    .then(() => navigator.onLine && stateElement?.dataset.state === "offline" && setState("live"))
    .catch(() => setState("offline"))
    .finally(() => {
      fetching.delete(element);
      if (turn.again) renew(element);
    });
}

function renewAll() {
  for (const element of fragments()) renew(element);
}

function renewAwaited() {
  clearTimeout(renewal);
  renewal = null;
  const all = awaited.has(EVERYTHING);
  for (const element of fragments()) if (all || keysOf(element).some((key) => awaited.has(key))) renew(element);
  awaited.clear();
  hideWords(true);
}

// Very many pages that change together are asked to fetch one after another; what comes until its turn joins it.
function renewIn(keys, wait) {
  for (const key of keys) awaited.add(key);
  if (!wait) renewAwaited();
  else renewal ??= setTimeout(renewAwaited, wait);
}

// Every event: how far this page has heard.
function note(event) {
  if (event.lastEventId) heard = event.lastEventId;
  const data = JSON.parse(event.data);
  if (data.every) every = data.every;
  return data;
}

// Above a reader who has scrolled on, nothing moves; most browsers see to it themselves.
function hideWords(hidden) {
  if (!wordsElement || wordsElement.hidden === hidden) return;
  const above = wordsElement.parentElement.getBoundingClientRect().top < -8 && !CSS.supports("overflow-anchor", "auto");
  const before = document.documentElement.scrollHeight;
  wordsElement.hidden = hidden;
  if (above) window.scrollBy({ top: document.documentElement.scrollHeight - before, behavior: "instant" });
}

// What many are told in the same words is shown at once, until the page's own turn to fetch it comes.
function showWords(words) {
  const title = words.title[document.documentElement.lang] ?? words.title.ja ?? Object.values(words.title)[0];
  const link = wordsElement?.querySelector("a");
  if (!link || !title) return;
  link.textContent = title;
  wordsElement.dataset.tone = words.important ? "warn" : "info";
  hideWords(false);
  if (announcer) announcer.textContent = wordsElement.textContent.trim();
}

function onChange(event) {
  const data = note(event);
  if (data.words && data.in) showWords(data.words);
  renewIn(data.fragments, data.in ?? 0);
}

function startPolling() {
  if (polling) return;
  // Not all at once, neither the first time.
  const next = (share) => {
    polling = setTimeout(() => {
      if (!document.hidden) renewAll();
      next(0.75 + Math.random() / 2);
    }, every * share);
  };
  next(Math.random());
}

function stopPolling() {
  clearTimeout(polling);
  polling = null;
}

function stop() {
  source?.close();
  source = null;
  lostAt = null;
  clearTimeout(retry);
  stopPolling();
}

function later(pause) {
  clearTimeout(retry);
  retry = setTimeout(listen, pause);
}

function onHello(event) {
  const data = note(event);
  failures = 0;
  lostAt = null;
  stopPolling();
  setState("live");
  // What happened between the page and the stream, or while nobody listened, if the server cannot say.
  if ("in" in data) renewIn([EVERYTHING], data.in);
}

function onDeaf(event) {
  note(event);
  startPolling();
}

function onBack(event) {
  source.close();
  source = null;
  later(note(event).in);
}

function onEnded() {
  setState("signed-out");
  stop();
}

function onError() {
  const refused = source.readyState === EventSource.CLOSED;
  source.close();
  source = null;
  failures += 1;
  if (!navigator.onLine || (!refused && failures > 2)) setState("offline");
  if (refused) startPolling();
  // Anywhere between soon and late: a server that ends loses all its pages in the same moment. As long as the stream is away already,
  // however often it was tried: all are back in the time that it was away, once more.
  lostAt ??= performance.now();
  const longest = Math.min(refused ? LONGEST_PAUSE_REFUSED : LONGEST_PAUSE, Math.max(FIRST_PAUSE, performance.now() - lostAt));
  later(longest * (0.1 + 0.9 * Math.random()));
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource(heard ? `${streamUrl}?after=${encodeURIComponent(heard)}` : streamUrl);
  source.addEventListener("hello", onHello);
  source.addEventListener("change", onChange);
  source.addEventListener("beat", note);
  source.addEventListener("deaf", onDeaf);
  source.addEventListener("back", onBack);
  source.addEventListener("ended", onEnded);
  source.addEventListener("error", onError);
}

showButton?.addEventListener("click", () => {
  const first = [...waiting.keys()].find((element) => element.isConnected);
  for (const [element, markup] of waiting) if (element.isConnected) swap(element, markup);
  waiting.clear();
  showButton.hidden = true;
  if (first) {
    first.tabIndex = -1;
    first.focus();
  }
});

if (streamUrl) {
  for (const element of fragments()) shown.set(element, element.innerHTML);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leaving);
    // A tab that nobody looks at gives its place on the server to another one.
    if (document.hidden) leaving = setTimeout(stop, HIDDEN_PATIENCE);
    else if (stateElement?.dataset.state !== "signed-out") {
      clearTimeout(retry);
      listen();
    }
  });
  window.addEventListener("online", () => {
    renewAll();
    later(200);
  });
  window.addEventListener("offline", () => setState("offline"));
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", (event) => event.persisted && listen());
  if (window.EventSource) listen();
  else startPolling();
}
