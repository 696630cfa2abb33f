// An OpenID provider for tests: issues JWT access tokens (RFC 9068) to one client.
//
// Standard input: {port, keys: [JWK], audience, claims}. Standard output: "ready".

import Provider from "oidc-provider";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { port, keys, audience, claims } = JSON.parse(Buffer.concat(chunks));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys },
  clients: [
    {
      client_id: "app",
      client_secret: "secret",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
    },
  ],
  extraTokenClaims: () => claims,
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        audience,
        scope: "",
        accessTokenFormat: "jwt",
        accessTokenTTL: 3600,
      }),
    },
  },
});
const server = provider.listen(port, "127.0.0.1", () => console.log("ready"));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
