// Passkeys. One element <... data-passkey="signin" | "register"> on a page:
//   data-options-url   POST, answers the WebAuthn options as JSON (bare or under "publicKey")
//   data-verify-url    POST of the credential as JSON, answers {"next": "/where/to/go"} or an error status with {"detail": "text"}
//   data-csrf          sent as X-CSRF-Token
//   data-text-working / -cancelled / -failed / -unsupported / -offline / -exists   what to say, in the language of the page
// Inside: a button [data-passkey-start], disabled until this has loaded so that no press is lost, a live region
// [data-passkey-status], and for "signin" a list [data-passkey-pick] to which browsers that can attach the saved passkeys; it is shown
// by those only, and takes no typing. Other ways on the page are never touched.
const box = document.querySelector("[data-passkey]");
const button = box?.querySelector("[data-passkey-start]");
const status = box?.querySelector("[data-passkey-status]");
const pick = box?.querySelector("[data-passkey-pick]");
// The suggestions in that list: one request that waits there, with options that are still good for a choice.
const PAUSE = 5000; // ms between two beginnings, doubled each time: what fails at once must not go round in circles
const LONG = 300000; // ms; and who waited that long begins with the short pause again
const SHARE = 0.9; // of the time that options are good for, after which they are renewed
let waiting = null;
let timer = 0;
let begunAt = 0;
let pause = PAUSE;
let goodUntil = 0;
let offering = false;

function say(word, problem = true, own = "") {
  if (!status) return;
  status.dataset.state = problem ? "problem" : "working";
  status.textContent = own || (word && box.dataset[`text${word}`]) || "";
}

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const known = (list) => list?.map((item) => ({ ...item, id: toBytes(item.id) }));

function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return { ...json, challenge: toBytes(json.challenge), allowCredentials: known(json.allowCredentials) };
}

function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return {
    ...json,
    challenge: toBytes(json.challenge),
    user: { ...json.user, id: toBytes(json.user.id) },
    excludeCredentials: known(json.excludeCredentials),
  };
}

function credentialJson(credential) {
  try {
    return credential.toJSON();
  } catch {
    const { response } = credential;
    const out = { clientDataJSON: toText(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (response[part]) out[part] = toText(response[part]);
    if (response.getTransports) out.transports = response.getTransports();
    return {
      id: credential.id,
      rawId: toText(credential.rawId),
      type: credential.type,
      response: out,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  }
}

async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": box.dataset.csrf },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  // 400 is a credential that did not fit, for which the page has its own words; anything else the server explains.
  if (!response.ok) {
    const detail = response.status === 400 ? "" : answer.detail;
    throw Object.assign(new Error("refused"), { name: "Refused", detail, status: response.status });
  }
  return answer;
}

async function options() {
  const answer = await post(box.dataset.optionsUrl, {});
  return answer.publicKey ?? answer;
}

async function finish(credential) {
  say("Working", false);
  const answer = await post(box.dataset.verifyUrl, credentialJson(credential));
  window.location.assign(answer.next);
}

function explain(error) {
  if (error.name === "AbortError") return;
  if (error.name === "NotAllowedError") say("Cancelled");
  else if (error.name === "InvalidStateError") say("Exists");
  else if (error.name === "Refused") say("Failed", true, error.detail);
  else if (error.name === "TypeError" && !navigator.onLine) say("Offline");
  else say("Failed");
}

function withdraw() {
  clearTimeout(timer);
  waiting?.abort();
}

async function suggest() {
  withdraw();
  const mine = new AbortController();
  waiting = mine;
  begunAt = Date.now();
  goodUntil = Infinity; // nothing to renew while this is under way
  let state = "fetching";
  try {
    const json = await options();
    if (mine.signal.aborted) return;
    goodUntil = begunAt + json.timeout * SHARE;
    timer = setTimeout(renew, goodUntil - Date.now() + 50);
    state = "waiting";
    const publicKey = requestOptions(json);
    const credential = await navigator.credentials.get({ publicKey, mediation: "conditional", signal: mine.signal });
    goodUntil = Infinity;
    state = "chosen";
    await finish(credential);
  } catch (error) {
    if (mine.signal.aborted) return;
    // Nobody asked for this one: only what goes wrong after a choice is worth a word.
    if (state === "chosen") explain(error);
    if (state === "fetching") goodUntil = error.status === 410 ? Infinity : 0; // gone is the page's whole sign-in
    else if (state === "chosen" || error.name === "NotAllowedError") suggestAgain();
  }
}

// After a choice that was refused, cancelled or went wrong: its options are used up.
function suggestAgain() {
  clearTimeout(timer);
  const waited = Date.now() - begunAt;
  if (waited > LONG) pause = PAUSE;
  timer = setTimeout(suggest, Math.max(0, pause - waited));
  pause = Math.min(2 * pause, LONG);
}

// Options end before the page does. A page nobody looks at waits until somebody does; so does one that was asleep or offline.
function renew() {
  const due = Math.max(goodUntil, begunAt + PAUSE);
  if (!document.hidden && Date.now() >= due && !button.getAttribute("aria-busy")) void suggest();
}

async function offerQuietly() {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  if (pick) pick.hidden = false;
  for (const event of ["visibilitychange", "focusin"]) document.addEventListener(event, renew);
  for (const event of ["online", "pageshow"]) window.addEventListener(event, renew);
  offering = true;
  void suggest();
}

async function askNow() {
  withdraw();
  button.setAttribute("aria-busy", "true");
  say("Working", false);
  try {
    const json = await options();
    const credential =
      box.dataset.passkey === "register"
        ? await navigator.credentials.create({ publicKey: creationOptions(json) })
        : await navigator.credentials.get({ publicKey: requestOptions(json) });
    await finish(credential);
  } catch (error) {
    explain(error);
    if (offering) suggestAgain();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

if (box && button) {
  if (!window.PublicKeyCredential) {
    button.hidden = true;
    say("Unsupported");
  } else {
    button.addEventListener("click", () => button.getAttribute("aria-busy") || askNow());
    button.disabled = false;
    pick?.addEventListener("beforeinput", (event) => event.inputType.startsWith("insertText") && event.preventDefault());
    if (box.dataset.passkey === "signin") void offerQuietly();
  }
}
