// The OISP face, driven by OISP's own client for Node.
//
// BASE_URL, EMAIL and PASSWORD come from the environment; `run` starts a server and sets them.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { codeTo } from './mail.mjs';

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
const { accounts, auth, publicApi, users } = sdk.api.rest;

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

const CHOSEN = 'a quiet harbour at dawn';
const OTHER = 'another horse battery';

/** The SDK hands over the body of a refusal as text; its code is the original's. */
const assertCode = (promise, code) =>
  assert.rejects(promise, (body) => {
    assert.equal(typeof body, 'string', `a refusal of the server was expected, not: ${body}`);
    assert.equal(JSON.parse(body).code, code, body);
    return true;
  });

const tokenOf = async (username, password) =>
  (await call(auth.getAuthToken, { body: { username, password } })).token;

test('O-33: addUser, activateUser, getUserInfo and updateUserInfo', bounded, async () => {
  const email = 'olga@example.com';
  const body = { email, password: CHOSEN };
  const made = await call(users.addUser, { body });
  assert.deepEqual([made.email, made.verified, made.termsAndConditions], [email, false, false]);
  await assertCode(call(users.addUser, { body: { ...body, password: OTHER } }), 2409);
  await assertCode(call(users.addUser, { body: { email: 'weak@example.com', password: 'password123' } }), 2401);

  await call(users.requestUserActivation, { body: { email } });
  const token = await codeTo(email, 2);
  await call(users.activateUser, { body: { token } });
  await assertCode(call(users.activateUser, { body: { token } }), 2602);

  const userToken = await tokenOf(email, CHOSEN);
  const of = { userToken, userId: made.id };
  const before = await call(users.getUserInfo, of);
  assert.deepEqual([before.id, before.verified, before.attributes], [made.id, true, {}]);
  const attributes = { phone: '123456789', another_attribute: 'another_value' };
  await call(users.updateUserInfo, { ...of, body: { attributes, termsAndConditions: true } });
  const after = await call(users.getUserInfo, of);
  assert.deepEqual([after.attributes, after.termsAndConditions], [attributes, true]);

  // Nobody else's, be there somebody or not.
  const { payload } = await call(auth.getAuthTokenInfo, { userToken: (await signIn()).token });
  for (const userId of [payload.sub, '53fdff4418b547e4241b8358']) {
    await assertCode(call(users.getUserInfo, { userToken, userId }), 2404);
    await assertCode(call(users.updateUserInfo, { userToken, userId, body: { attributes } }), 2404);
    await assertCode(call(users.deleteUser, { userToken, deleteUserId: userId }), 2404);
  }
});

test('O-33: changeUserPassword, requestUserPasswordChange and updateUserPassword', bounded, async () => {
  const username = 'pavel@example.com';
  await call(users.addUser, { body: { email: username, password: CHOSEN } });
  const userToken = await tokenOf(username, CHOSEN);
  const change = (currentpwd, password, of = username) =>
    call(users.changeUserPassword, { userToken, username: of, body: { currentpwd, password } });
  await assertCode(change('wrong', OTHER), 400);
  await assertCode(change(CHOSEN, OTHER, EMAIL), 2404);
  const { token } = await change(CHOSEN, OTHER);
  await assertRefused(call(auth.getAuthUserInfo, { userToken }));
  assert.equal((await call(auth.getAuthUserInfo, { userToken: token })).email, username);

  await call(users.requestUserPasswordChange, { body: { email: 'nobody@example.com' } });
  await call(users.requestUserPasswordChange, { body: { email: username } });
  const code = await codeTo(username, 2);
  const third = 'a third harbour at dusk';
  await call(users.updateUserPassword, { body: { token: code, password: third } });
  await assertCode(call(users.updateUserPassword, { body: { token: code, password: OTHER } }), 2406);
  await assertRefused(tokenOf(username, OTHER), 'Not Authorized');
  assert.match(await tokenOf(username, third), /^eyJ/);
});

test('O-33: deleteUser by the token of a sign-in a moment ago', bounded, async () => {
  const email = 'quinn@example.com';
  const { id } = await call(users.addUser, { body: { email, password: CHOSEN } });
  const userToken = await tokenOf(email, CHOSEN);
  await call(users.deleteUser, { userToken, deleteUserId: id });
  await assertRefused(call(auth.getAuthUserInfo, { userToken }));
  await assertRefused(tokenOf(email, CHOSEN), 'Not Authorized');
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
