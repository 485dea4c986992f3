// The peer: node-oidc-provider as its documentation sets it up, one process per core, one client, ES256, PKCE.
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import Provider from 'oidc-provider';
import RedisAdapter from './redis_adapter.mjs';

const { PEER_PORT, PEER_ISSUER, PEER_JWK, PEER_REDIRECT, PEER_SECRET } = process.env;
const API = 'https://api.example/';

function start() {
  const provider = new Provider(PEER_ISSUER, {
    adapter: RedisAdapter,
    jwks: { keys: [JSON.parse(PEER_JWK)] },
    clients: [{
      client_id: 'bench',
      client_secret: PEER_SECRET,
      redirect_uris: [PEER_REDIRECT],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      id_token_signed_response_alg: 'ES256',
      scope: 'openid profile',
    }],
    scopes: ['openid', 'profile', 'case:write'],
    claims: { openid: ['sub'], profile: ['name', 'birthdate', 'gender'] },
    cookies: { keys: ['bench cookie key'] },
    features: {
      devInteractions: { enabled: true }, // used once, to sign in before measuring
      introspection: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: { // client_credentials give JWT access tokens, as ours does
        enabled: true,
        defaultResource: (ctx) => (ctx.oidc?.params?.grant_type === 'client_credentials' ? API : undefined),
        getResourceServerInfo: () => ({ scope: 'case:write', accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'ES256' } } }),
        useGrantedResource: () => false,
      },
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: 3600, AuthorizationCode: 60, IdToken: 300, RefreshToken: 30 * 86400, Session: 12 * 3600, Grant: 14 * 86400, Interaction: 3600, ClientCredentials: 300 },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: '見本 花子', birthdate: '1989-04-12', gender: 'female' }),
    }),
  });
  provider.listen(Number(PEER_PORT), '127.0.0.1');
}

if (cluster.isPrimary) {
  for (let n = 0; n < availableParallelism(); n += 1) cluster.fork();
} else {
  start();
}
