// An OpenID provider on a free port of loopback. Whoever logs in as a name is that person; the tests fill in its forms.
import { createServer } from "node:http";
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

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
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
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["of no worth"] },
    async findAccount(_context, id) {
      return { accountId: id, claims: async () => ({ sub: id, ...PEOPLE[id] }) };
    },
  });
  server.on("request", provider.callback());
  console.log(`provides ${issuer}`);
});
