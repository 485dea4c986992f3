// openid-client as an app would use it. One JSON object a line in ({"do": ...}), one out ({"answer": ...} or {"raised": ...}).
import { createInterface } from "node:readline";
import * as jose from "jose";
import * as client from "openid-client";

const insecure = { execute: [client.allowInsecureRequests] }; // http on localhost
let config, dpop, kept, signer;

async function keys() {
  const pair = await jose.generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await jose.exportJWK(pair.publicKey)), kid: "app-1", alg: "ES256", use: "sig" };
  return { key: { key: pair.privateKey, kid: "app-1" }, jwks: { keys: [jwk] } };
}

const tokens = (answer) => ({ ...answer, claims: answer.claims?.() });

const tasks = {
  // Dynamic registration (RFC 7591). `method`: client_secret_basic or private_key_jwt; `jarm`, `dpop`: switch them on.
  async register({ issuer, token, metadata, method, jarm, bound }) {
    let auth;
    if (method === "private_key_jwt") {
      const { key, jwks } = await keys();
      signer = key;
      auth = client.PrivateKeyJwt(key);
      metadata = { ...metadata, jwks };
    }
    const options = { initialAccessToken: token, ...insecure };
    metadata = { ...metadata, token_endpoint_auth_method: method };
    config = await client.dynamicClientRegistration(new URL(issuer), metadata, auth, options);
    if (jarm) client.useJwtResponseMode(config);
    if (bound) dpop = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) };
    return { client: config.clientMetadata(), server: config.serverMetadata() };
  },

  // A client that the city registered: discovery and a secret.
  async discover({ issuer, client_id, client_secret, metadata }) {
    const auth = client_secret ? client.ClientSecretBasic(client_secret) : client.None();
    config = await client.discovery(new URL(issuer), client_id, metadata, auth, insecure);
    return config.serverMetadata();
  },

  async start({ redirect_uri, scope, pushed, more }) {
    kept = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState(), expectedNonce: client.randomNonce() };
    const asked = {
      redirect_uri,
      scope,
      state: kept.expectedState,
      nonce: kept.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(kept.pkceCodeVerifier),
      code_challenge_method: "S256",
      ...more,
    };
    const url = pushed ? await client.buildAuthorizationUrlWithPAR(config, asked, dpop) : client.buildAuthorizationUrl(config, asked);
    return url.href;
  },

  // The request as a signed object (RFC 9101), encrypted with jose to the provider's key.
  async seal({ url, alg, enc }) {
    const plain = Object.fromEntries(new URL(url).searchParams);
    const signed = await client.buildAuthorizationUrlWithJAR(config, plain, signer);
    const { keys } = await (await fetch(config.serverMetadata().jwks_uri)).json();
    const ours = keys.find((k) => k.use === "enc" && k.alg === alg);
    const object = new TextEncoder().encode(signed.searchParams.get("request"));
    const sealed = new jose.CompactEncrypt(object).setProtectedHeader({ alg, enc, kid: ours.kid, cty: "JWT" });
    signed.searchParams.set("request", await sealed.encrypt(await jose.importJWK(ours, alg)));
    return signed.href;
  },

  finish: async ({ url, changes }) =>
    tokens(await client.authorizationCodeGrant(config, new URL(url), { ...kept, idTokenExpected: true, ...changes }, undefined, dpop)),
  refresh: async ({ token }) => tokens(await client.refreshTokenGrant(config, token, undefined, dpop)),
  userinfo: async ({ token, sub }) => client.fetchUserInfo(config, token, sub, dpop),
  async userinfo_by_thief({ token, sub }) {
    const own = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) };
    return client.fetchUserInfo(config, token, sub, own);
  },
  introspect: async ({ token }) => client.tokenIntrospection(config, token),
  revoke: async ({ token }) => (await client.tokenRevocation(config, token), null),
  end_session: async (parameters) => client.buildEndSessionUrl(config, parameters).href,

  // Back-channel logout §2.6, with nothing but jose.
  async logout_token({ token }) {
    const { issuer, jwks_uri } = config.serverMetadata();
    const expected = { issuer, audience: config.clientMetadata().client_id, typ: "logout+jwt", requiredClaims: ["iat", "exp", "jti", "events"] };
    return (await jose.jwtVerify(token, jose.createRemoteJWKSet(new URL(jwks_uri)), expected)).payload;
  },
};

function told(error) {
  const { name, message, code, error: oauth, error_description, status, cause } = error;
  const challenges = Array.isArray(cause) ? cause : undefined;
  return { name, message, code, error: oauth, error_description, status, challenges, cause: cause?.message };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...given } = JSON.parse(line);
  let out;
  try {
    out = { answer: (await tasks[what](given)) ?? null };
  } catch (error) {
    out = { raised: told(error) };
  }
  process.stdout.write(JSON.stringify(out) + "\n");
}
