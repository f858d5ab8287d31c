// A real OpenID Connect provider for the tests, with people who do not exist: node provider.mjs PORT REDIRECT_URI
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

/** What it knows of each: whoever signs in as "ida" is ida@kommune.example. */
const claims = (name) => ({
  sub: name,
  ...(name === "without" ? {} : { email: `${name.replace(/-.*/, "")}@kommune.example` }),
  email_verified: !name.endsWith("-unverified"),
});

const provider = new Provider(issuer, {
  clients: [{ client_id: "tryg", client_secret: "a-secret-for-tests-alone", redirect_uris: [redirect] }],
  claims: { email: ["email", "email_verified"] },
  cookies: { keys: ["for tests alone"] },
  pkce: { required: () => true },
  findAccount: (_context, name) => ({ accountId: name, claims: () => claims(name) }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
