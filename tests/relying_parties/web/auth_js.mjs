// Auth.js' core, which its kits for Next.js, Express and SvelteKit wrap. argv[2]: { issuer, url, port, client_id, client_secret, switches }.
import { Auth, skipCSRFCheck } from "@auth/core";
import { createServer } from "node:http";

const { issuer, url, port, client_id, client_secret, switches } = JSON.parse(process.argv[2]);
const config = {
  basePath: "/auth",
  trustHost: true,
  secret: client_secret,
  // The page with the button, whose POST carries the token, is not what is tried here.
  skipCSRFCheck,
  providers: [{ id: "machi", name: "Machi", type: "oidc", issuer, clientId: client_id, clientSecret: client_secret, ...switches }],
  callbacks: {
    jwt: ({ token, profile }) => (profile ? { ...token, sub: profile.sub } : token),
    session: ({ session, token }) => ({ ...session, sub: token.sub }),
    redirect: () => `${url}/me`,
  },
};

const ask = (path, request, method = "GET") =>
  Auth(new Request(url + path, { method, headers: { cookie: request.headers.cookie ?? "" } }), config);

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, url);
  if (pathname === "/me") {
    const { sub, user } = await (await ask("/auth/session", request)).json();
    response.end(JSON.stringify({ sub, name: user.name, email: user.email }));
    return;
  }
  const answer = await (pathname === "/login" ? ask("/auth/signin/machi", request, "POST") : ask(request.url, request));
  response.writeHead(answer.status, [...answer.headers].flat());
  response.end(await answer.text());
}).listen(port, "localhost");
