// passport-openidconnect as its README shows it. argv[2]: { issuer, url, port, client_id, client_secret, switches }.
import express from "express";
import session from "express-session";
import passport from "passport";
import OpenIDConnectStrategy from "passport-openidconnect";

const { issuer, url, port, client_id, client_secret, switches } = JSON.parse(process.argv[2]);

passport.use(
  new OpenIDConnectStrategy(
    {
      issuer,
      authorizationURL: `${issuer}/authorize`,
      tokenURL: `${issuer}/token`,
      userInfoURL: `${issuer}/userinfo`,
      clientID: client_id,
      clientSecret: client_secret,
      callbackURL: `${url}/callback`,
      ...switches,
    },
    (_issuer, profile, done) => done(null, profile),
  ),
);
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user, done) => done(null, user));

const app = express();
app.use(session({ secret: client_secret, resave: false, saveUninitialized: false }));
app.use(passport.authenticate("session"));
app.get("/login", passport.authenticate("openidconnect"));
app.get("/callback", passport.authenticate("openidconnect"), (_request, response) => response.redirect("/me"));
app.get("/me", ({ user }, response) => response.json({ sub: user.id, name: user.displayName, email: user.emails?.[0].value }));
app.use((error, _request, response, _next) => response.status(500).json({ error: error.code, description: error.message }));
app.listen(port, "localhost");
