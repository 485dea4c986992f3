// express-openid-connect as its README shows it. argv[2]: { issuer, url, port, client_id, client_secret, switches }.
import express from "express";
import openid from "express-openid-connect";

const { issuer, url, port, client_id, client_secret, switches } = JSON.parse(process.argv[2]);
const secret = switches.authorizationParams ? { clientSecret: client_secret } : {};

const app = express();
app.get("/bye", (_request, response) => response.send("signed out"));
app.use(
  openid.auth({
    issuerBaseURL: issuer,
    baseURL: url,
    clientID: client_id,
    secret: client_secret,
    idpLogout: true,
    routes: { postLogoutRedirect: "/bye" },
    ...secret,
    ...switches,
  }),
);
app.get("/", (_request, response) => response.redirect("/me"));
app.get("/me", async (request, response) => {
  const { sub, name, email } = await request.oidc.fetchUserInfo();
  response.json({ sub, name, email });
});
app.use((error, _request, response, _next) =>
  response.status(400).json({ error: error.error, description: error.error_description }),
);
app.listen(port, "localhost");
