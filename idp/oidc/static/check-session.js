// OIDC Session Management 1.0, section 3.2: answers "client_id session_state" with changed, unchanged or error.
const name = `${document.documentElement.dataset.cookie}=`;

function browserState() {
  const found = document.cookie.split("; ").find((cookie) => cookie.startsWith(name));
  return found === undefined ? "" : found.slice(name.length);
}

async function hash(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function verdict(message, origin) {
  const words = typeof message === "string" ? message.split(" ") : [];
  const parts = words.length === 2 ? words[1].split(".") : [];
  if (parts.length !== 2 || !words[0]) return "error";
  const [expected, salt] = parts;
  const actual = await hash(`${words[0]} ${origin} ${browserState()} ${salt}`);
  return actual === expected ? "unchanged" : "changed";
}

window.addEventListener("message", async (event) => {
  if (event.source === null || event.source === window || event.origin === "null") return;
  event.source.postMessage(await verdict(event.data, event.origin), event.origin);
});
