// A single-page app with oidc-client-ts: public, PKCE, tokens in this tab only. Each button's outcome is written to the page as JSON.
const { UserManager, WebStorageStateStore, IndexedDbDPoPStore } = window.oidc;
const { dpop, ...settings } = await (await fetch("/settings.json")).json();
const manager = new UserManager({
  ...settings,
  userStore: new WebStorageStateStore({ store: window.sessionStorage }),
  // The library asks userinfo with "Bearer", which a token bound to a key does not allow: with DPoP the app asks by itself, below.
  loadUserInfo: !dpop,
  ...(dpop && { dpop: { bind_authorization_code: true, store: new IndexedDbDPoPStore() } }),
});

const out = document.querySelector("[data-testid=out]");
const write = (what, told) => { out.textContent = JSON.stringify({ what, ...told }); };
const seen = (user) => ({ profile: user.profile, type: user.token_type, access: user.access_token, refresh: user.refresh_token, id_token: user.id_token });

const buttons = {
  signin: () => manager.signinRedirect(),
  again: () => manager.signinRedirect({ prompt: "none" }),
  renew: async () => seen(await manager.signinSilent()),
  frame: async () => seen(await manager.signinSilent({ forceIframeAuth: true })),
  profile: async () => {
    const user = await manager.getUser();
    const url = await manager.metadataService.getUserInfoEndpoint();
    const headers = { Authorization: `${user.token_type} ${user.access_token}` };
    if (dpop) headers.DPoP = await manager.dpopProof(url, user, "GET");
    const answer = await fetch(url, { headers });
    const keys = await manager.metadataService.getSigningKeys();
    return { status: answer.status, userinfo: await answer.json(), kids: keys.map((key) => key.kid) };
  },
  revoke: async () => { await manager.revokeTokens(["access_token", "refresh_token"]); return {}; },
  signout: () => manager.signoutRedirect({ state: "left" }),
};

async function run(what, act) {
  write("busy", {});
  try {
    const told = await act();
    if (told) write(what, told);
  } catch (error) {
    write("error", { at: what, error: error.error ?? error.message, name: error.name });
  }
}

for (const [name, act] of Object.entries(buttons)) {
  document.querySelector(`[data-testid=${name}]`).addEventListener("click", () => run(name, act));
}

const { pathname } = window.location;
if (pathname === "/callback") await run("signed-in", async () => seen(await manager.signinRedirectCallback()));
else if (pathname === "/silent") await manager.signinSilentCallback();
else if (pathname === "/bye") await run("signed-out", async () => ({ state: (await manager.signoutRedirectCallback()).userState }));
else write("ready", {});
