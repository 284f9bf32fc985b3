// An OpenID provider on a free port of loopback, by TLS where it is given a certificate and its key. Whoever logs in as a name is that person;
// the tests fill in its forms.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Provider } from "oidc-provider";

const PEOPLE = {
  ada: { email: "ada@example.org", email_verified: true, name: "Ada Lovelace" },
  bob: { email: "bob@example.org", email_verified: true, name: "Bob" },
  "bob-again": { email: "bob@example.org", email_verified: true, name: "Bob" },
  eve: { email: "ada@example.org", email_verified: false, name: "Eve" },
  new: { email: "new@example.org", email_verified: true, name: "New\u0000 One" },
  nameless: { email: "nameless@example.org", email_verified: true },
  mailless: { name: "Mail Less" },
};

const REDIRECT_URIS = ["http://127.0.0.1/api/v1/oidc/callback", "http://localhost/api/v1/oidc/callback"];

const BY_TLS = "https://127.0.0.1/api/v1/oidc/callback";

const [certificate, key] = process.argv.slice(2);
const server = certificate
  ? createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) })
  : createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `${certificate ? "https" : "http"}://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    // Clients of kind "native" may come back to any port of loopback (RFC 8252, section 7.3).
    clients: [
      {
        client_id: "collab",
        client_secret: "a secret: with/odd+characters%",
        application_type: "native",
        redirect_uris: REDIRECT_URIS,
      },
      {
        client_id: "public",
        token_endpoint_auth_method: "none",
        application_type: "native",
        redirect_uris: REDIRECT_URIS,
      },
      {
        client_id: "by-tls",
        client_secret: "a secret: with/odd+characters%",
        application_type: "web",
        redirect_uris: [BY_TLS],
      },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["of no worth"] },
    async findAccount(_context, id) {
      return { accountId: id, claims: async () => ({ sub: id, ...PEOPLE[id] }) };
    },
  });
  // Clients of kind "web" may not come back to any port, and the tests' server has another one each time.
  const { redirectUriAllowed } = provider.Client.prototype;
  provider.Client.prototype.redirectUriAllowed = function isAllowed(uri) {
    const withoutPort = uri.replace(/^(https:\/\/127\.0\.0\.1):\d+\//, "$1/");
    return redirectUriAllowed.call(this, this.clientId === "by-tls" ? withoutPort : uri);
  };
  server.on("request", provider.callback());
  console.log(`provides ${issuer}`);
});
