// npm's oidc-provider, which the OpenID Foundation has certified, with its own pages:
// node certified.mjs FOLDER PORT APP SECRET. Whoever signs in as NAME is NAME@clinic.example.

const [folder, port, app, secret] = process.argv.slice(2);
const { default: Provider } = await import(`${folder}/node_modules/oidc-provider/lib/index.js`);

const account = (name) => ({
  accountId: name,
  claims: () => ({
    sub: name,
    email: `${name}@clinic.example`,
    email_verified: true,
    name: name[0].toUpperCase() + name.slice(1),
  }),
});

new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: "cxr",
      client_secret: secret,
      redirect_uris: [`${app}/oauth2callback`],
      post_logout_redirect_uris: [`${app}/oauth2callback`],
    },
  ],
  claims: { email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: false, // roles go by the ID token: docs/deploying.md
  findAccount: (_, name) => account(name),
}).listen(Number(port), "127.0.0.1");
