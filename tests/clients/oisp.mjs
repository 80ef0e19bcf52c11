// The OISP face, driven by OISP's own client for Node.
//
// BASE_URL, EMAIL and PASSWORD come from the environment; `run` starts a server and sets them.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const { BASE_URL, EMAIL, PASSWORD } = process.env;
for (const [name, value] of Object.entries({ BASE_URL, EMAIL, PASSWORD })) {
  if (!value) throw new Error(`${name} is not set: start these tests with ./run`);
}

// The SDK, and the `request` package below it, send even loopback requests to a proxy that these name.
for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']) {
  delete process.env[name];
}

const { hostname: host, port, protocol } = new URL(BASE_URL);
const sdk = createRequire(import.meta.url)('@open-iot-service-platform/oisp-sdk-js')({
  connector: {
    rest: {
      host,
      port,
      protocol: protocol.replace(/:$/, ''),
      strictSSL: false,
      timeout: 30_000,
      proxy: {},
    },
  },
});
const { accounts, auth, publicApi } = sdk.api.rest;

const DAY_SECONDS = 86_400;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// A hanging server must fail a test, not hold the whole run.
const bounded = { timeout: 60_000 };

/**
 * A call of the SDK as a promise. `util.promisify` would not do: on a refusal the SDK passes the body
 * as the error, and an empty body is falsy, so that a bare 401 would count as a success. The SDK
 * gives one argument on failure and two on success, which is never in doubt.
 */
const call = (method, ...data) =>
  new Promise((resolve, reject) => {
    method(...data, (...answer) =>
      answer.length === 1 ? reject(answer[0]) : resolve(answer[1]));
  });

const signIn = (password = PASSWORD) => call(auth.getAuthToken, { body: { username: EMAIL, password } });

/** The middle part of a JWT as its issuer wrote it; the signature is not looked at here. */
const claims = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString('utf8'));

const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

/** The SDK hands over the body of a refusal as text; it must be OISP's own shape. */
async function assertRefused(promise, message) {
  await assert.rejects(promise, (body) => {
    assert.equal(typeof body, 'string', `a refusal of the server was expected, not: ${body}`);
    const refusal = JSON.parse(body);
    assert.equal(refusal.code, 401);
    assert.equal(typeof refusal.message, 'string');
    if (message !== undefined) assert.deepEqual(refusal, { code: 401, message });
    return true;
  });
}

test('the public health route answers without a token', bounded, async () => {
  const health = await call(publicApi.health);
  // The SDK gives null for anything that is not JSON.
  assert.equal(typeof health, 'object');
  assert.notEqual(health, null);
});

test('O-02..O-06: a login gives a token for 24 hours, and nothing else', bounded, async () => {
  const answer = await signIn();
  assert.deepEqual(Object.keys(answer), ['token']);
  assert.match(answer.token, /^eyJ/);
  const { exp, iat } = claims(answer.token);
  assert.equal(exp - iat, DAY_SECONDS);
});

test('O-28: a wrong password calls back with the original refusal', bounded, async () => {
  await assertRefused(signIn(`${PASSWORD}-not`), 'Not Authorized');
});

test('O-13..O-20: tokenInfo tells what the token states', bounded, async () => {
  const { token } = await signIn();
  const info = await call(auth.getAuthTokenInfo, { userToken: token });
  const stated = claims(token);

  assert.deepEqual(Object.keys(info).sort(), ['header', 'payload']);
  assert.deepEqual(info.header, { typ: 'JWT', alg: 'RS256' });
  assert.match(info.payload.jti, UUID);
  assert.equal(info.payload.jti, stated.jti);
  assert.ok(URL.canParse(info.payload.iss), `iss is no URL: ${info.payload.iss}`);
  assert.equal(info.payload.iss, stated.iss);
  assert.equal(info.payload.sub, stated.sub);
  assert.match(info.payload.exp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(typeof stated.exp, 'number');
  assert.equal(Date.parse(info.payload.exp) / 1000, stated.exp);
});

test('O-21..O-27: me is the account of the token, without its secrets', bounded, async () => {
  const { token } = await signIn();
  const { payload } = await call(auth.getAuthTokenInfo, { userToken: token });
  const me = await call(auth.getAuthUserInfo, { userToken: token });

  assert.equal(typeof me.id, 'string');
  assert.equal(me.id, payload.sub);
  assert.equal(me.email, EMAIL);
  for (const instant of [me.created, me.updated]) {
    assert.ok(Number.isSafeInteger(instant) && String(instant).length === 13, `not epoch milliseconds: ${instant}`);
  }
  assert.ok(me.updated >= me.created);
  assert.equal(typeof me.termsAndConditions, 'boolean');
  assert.equal(typeof me.verified, 'boolean');
  for (const secret of ['password', 'salt', 'hash', 'secret', 'totp']) assert.ok(!(secret in me), secret);
});

test('O-32: a refresh token is made from a token and gives the next one', bounded, async () => {
  const { token } = await signIn();
  const made = await fetch(new URL('/v1/api/auth/refresh', BASE_URL), { method: 'POST', ...bearer(token) });
  assert.ok(made.ok, `POST /v1/api/auth/refresh answered ${made.status}`);
  const { refreshToken } = await made.json();
  assert.equal(typeof refreshToken, 'string');

  const next = await call(auth.refreshAuthToken, { token, body: { refreshToken } });
  assert.equal(typeof next.refreshToken, 'string');
  assert.notEqual(next.jwt, token);
  const { exp, iat, sub } = claims(next.jwt);
  assert.equal(sub, claims(token).sub);
  assert.equal(exp - iat, DAY_SECONDS);
  assert.equal((await call(auth.getAuthUserInfo, { userToken: next.jwt })).email, EMAIL);
});

test('H-28, H-29: DELETE me ends this session at once, and no other', bounded, async () => {
  const { token } = await signIn();
  const { token: other } = await signIn();
  assert.equal((await call(auth.getAuthUserInfo, { userToken: token })).email, EMAIL);

  const ended = await fetch(new URL('/v1/api/auth/me', BASE_URL), { method: 'DELETE', ...bearer(token) });
  assert.equal(ended.status, 204);
  assert.equal(await ended.text(), '');

  await assertRefused(call(auth.getAuthUserInfo, { userToken: token }));
  await assertRefused(call(auth.getAuthTokenInfo, { userToken: token }));
  assert.equal((await call(auth.getAuthUserInfo, { userToken: other })).email, EMAIL);
});

test('O-07, O-09: an account is made, told by the next token, renamed, and deleted', bounded, async () => {
  const { token } = await signIn();
  const name = `Clients ${process.pid}`;
  const made = await call(accounts.createAccount, { userToken: token, body: { name } });
  assert.match(made.id, UUID);
  assert.equal(made.name, name);
  // The token from before does not tell of it; the next one does.
  assert.ok(!(claims(token).accounts ?? []).some(({ id }) => id === made.id));
  const { token: next } = await signIn();
  const { payload } = await call(auth.getAuthTokenInfo, { userToken: next });
  assert.deepEqual(payload.accounts.filter(({ id }) => id === made.id), [{ id: made.id, name, role: 'admin' }]);

  const of = { userToken: next, accountId: made.id };
  assert.deepEqual(await call(accounts.getAccountInfo, of), made);
  const users = await call(accounts.getAccountUsers, of);
  assert.deepEqual(users.map(({ email, accounts: own }) => [email, own]), [[EMAIL, { [made.id]: 'admin' }]]);
  const renamed = await call(accounts.updateAccount, { ...of, body: { name: `${name} AB` } });
  assert.equal(renamed.name, `${name} AB`);
  await call(accounts.deleteAccount, of);
  const { token: last } = await signIn();
  const { payload: after } = await call(auth.getAuthTokenInfo, { userToken: last });
  assert.ok(!after.accounts.some(({ id }) => id === made.id));
});
