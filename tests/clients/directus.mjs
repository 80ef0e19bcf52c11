// The Directus face, driven by Directus's own client: what the SDK takes for an answer, a refusal,
// a token or an expiry is decided by its code here and not by our reading of it.
//
// BASE_URL, EMAIL and PASSWORD come from the environment; `run` starts a server and sets them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  acceptUserInvite,
  authentication,
  createDirectus,
  inviteUser,
  passwordRequest,
  passwordReset,
  readMe,
  readProviders,
  registerUser,
  registerUserVerify,
  rest,
  serverPing,
  staticToken,
  updateMe,
} from '@directus/sdk';

import { codeTo } from './mail.mjs';

const { BASE_URL, EMAIL, PASSWORD } = process.env;
for (const [name, value] of Object.entries({ BASE_URL, EMAIL, PASSWORD })) {
  if (!value) throw new Error(`${name} is not set: start these tests with ./run`);
}

const ACCESS_TOKEN_MS = 900_000;
const REFRESH_COOKIE = '__Host-keyward_refresh';
const DEVICE_COOKIE = '__Host-keyward_device';

// A hanging server must fail a test, not hold the whole run.
const bounded = { timeout: 60_000 };

// A new object each time, because the SDK writes `mode` into the payload that it is given.
const credentials = () => ({ email: EMAIL, password: PASSWORD });

/** A client whose refresh timer (on by default, 870 s) ends with the test; it would hold the process otherwise. */
function connect(t, { mode = 'json', options = {}, fetch } = {}) {
  const client = createDirectus(BASE_URL, fetch ? { globals: { fetch } } : {})
    .with(rest())
    .with(authentication(mode, options));
  t.after(() => client.stopRefreshing());
  return client;
}

/** A second browser tab or a restarted process: a client of its own that finds this refresh token stored. */
function connectHolding(t, refreshToken) {
  let stored = { access_token: null, refresh_token: refreshToken, expires: null, expires_at: null };
  const storage = { get: () => stored, set: (value) => (stored = value) };
  return connect(t, { options: { storage } });
}

/** Asks who an access token belongs to, with nothing but this token. */
const whoIs = (accessToken) =>
  createDirectus(BASE_URL).with(rest()).with(staticToken(accessToken)).request(readMe());

const claims = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString('utf8'));

/** The SDK must *reject*, with an `errors` array that it could read; a refusal that resolves is a hole. */
async function assertRefused(promise, status, codes) {
  await assert.rejects(promise, (error) => {
    assert.ok(error.response, `a refusal of the server was expected, not: ${error}`);
    assert.equal(error.response.status, status);
    assert.ok(Array.isArray(error.errors), `no errors array: ${JSON.stringify(error.errors)}`);
    assert.ok(error.errors[0].message, 'errors[0].message is empty');
    assert.ok(codes.includes(error.errors[0].extensions?.code), JSON.stringify(error.errors));
    return true;
  });
}

/** An access token that has ended: RFC 6750 wants the challenge, and clients key on it. */
async function assertTokenDead(accessToken) {
  await assertRefused(whoIs(accessToken), 401, ['INVALID_TOKEN', 'TOKEN_EXPIRED']);
  const answer = await fetch(new URL('/users/me', BASE_URL), {
    headers: { Authorization: `Bearer ${accessToken}` },
  });
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
}

/**
 * A fetch with the part of a browser that the cookie mode needs: it keeps cookies and sends them where
 * the SDK asks for `credentials: 'include'`. Like a browser it accepts `Secure` on loopback over http.
 * It also keeps every Set-Cookie line, body and path, since the SDK shows none of them to its caller.
 */
function browser() {
  const cookies = new Map();
  const seen = [];
  const wrapped = async (url, init = {}) => {
    const headers = new Headers(init.headers);
    if (init.credentials === 'include' && cookies.size > 0) {
      headers.set('Cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    }
    const response = await fetch(url, { ...init, headers });
    const setCookies = response.headers.getSetCookie().map(parseSetCookie);
    for (const { name, value, attributes } of setCookies) {
      if (attributes.get('max-age') === '0') cookies.delete(name);
      else cookies.set(name, value);
    }
    seen.push({
      path: new URL(url).pathname,
      status: response.status,
      setCookies,
      body: await response.clone().text(),
    });
    return response;
  };
  return { fetch: wrapped, cookies, seen, last: () => seen.at(-1) };
}

function parseSetCookie(line) {
  const [pair, ...rest] = line.split(';').map((part) => part.trim());
  const attributes = new Map(
    rest.map((part) => {
      const [name, ...value] = part.split('=');
      return [name.toLowerCase(), value.join('=')];
    }),
  );
  const [name, ...value] = pair.split('=');
  return { name, value: value.join('='), attributes };
}

/** Exactly one refresh cookie with every attribute that the `__Host-` prefix and our own rule ask for. */
function assertRefreshCookie(setCookies) {
  // A sign-in marks the browser besides; the mark opens nothing.
  const ours = setCookies.filter(({ name }) => name !== DEVICE_COOKIE);
  assert.deepEqual(ours.map(({ name }) => name), [REFRESH_COOKIE]);
  const [{ attributes }] = ours;
  assert.ok(attributes.has('httponly'), 'HttpOnly keeps scripts away from the token');
  assert.ok(attributes.has('secure'), 'Secure keeps it off plain http');
  assert.equal(attributes.get('samesite'), 'Strict');
  assert.equal(attributes.get('path'), '/');
  assert.ok(!attributes.has('domain'), 'a __Host- cookie with a Domain is thrown away by browsers');
  assert.match(attributes.get('max-age') ?? '', /^\d+$/);
  return ours[0];
}

/** Neither flat nor in an envelope: a script in the page must never be able to read it. */
function assertNoRefreshTokenInBody(text) {
  const body = JSON.parse(text);
  assert.ok(!('refresh_token' in body));
  assert.ok(!('refresh_token' in (body.data ?? {})));
}

test('the server answers ping and lists no providers', bounded, async () => {
  const client = createDirectus(BASE_URL).with(rest());
  assert.equal(await client.request(serverPing()), 'pong');
  assert.deepEqual(await client.request(readProviders()), []);
});

test('D-40, D-21..23: login in json mode gives tokens that read the own account', bounded, async (t) => {
  const { fetch, last } = browser();
  const client = connect(t, { fetch });
  const data = await client.login(credentials());

  assert.equal(data.expires, ACCESS_TOKEN_MS);
  assert.equal(typeof data.refresh_token, 'string');
  assert.equal(await client.getToken(), data.access_token);
  assert.deepEqual(last().setCookies, [], 'json mode sets no cookie (D-19)');

  const { sub, exp, iat } = claims(data.access_token);
  assert.equal((exp - iat) * 1000, data.expires);
  const me = await client.request(readMe());
  assert.equal(me.id, sub);
  assert.equal(me.email, EMAIL);
});

test('D-14: a wrong password rejects with INVALID_CREDENTIALS', bounded, async (t) => {
  const client = connect(t);
  await assertRefused(
    client.login({ ...credentials(), password: `${PASSWORD}-not` }),
    401,
    ['INVALID_CREDENTIALS'],
  );
  assert.equal(await client.getToken(), null);
});

test('D-27, D-32..34: refresh gives another pair, and it works', bounded, async (t) => {
  const client = connect(t);
  const first = await client.login(credentials());
  const before = { access: first.access_token, refresh: first.refresh_token };
  const second = await client.refresh();

  assert.notEqual(second.access_token, before.access);
  assert.notEqual(second.refresh_token, before.refresh);
  assert.equal(second.expires, ACCESS_TOKEN_MS);
  assert.equal(await client.getToken(), second.access_token);
  assert.equal((await client.request(readMe())).email, EMAIL);
  assert.equal((await whoIs(second.access_token)).id, claims(before.access).sub);
});

test('a refresh token used again at once gives the same successor', bounded, async (t) => {
  const client = connect(t);
  const { refresh_token: spent } = await client.login(credentials());
  const { refresh_token: successor } = await client.refresh();

  // The answer of the first refresh was lost, say, and the client tries again: it must not be logged
  // out, and it must not get a branch of its own either, or a thief could keep one unseen.
  const retried = await connectHolding(t, spent).refresh();
  assert.equal(retried.refresh_token, successor);
  assert.equal((await whoIs(retried.access_token)).email, EMAIL);
  assert.equal(typeof (await client.refresh()).access_token, 'string');
});

test('D-38: two refreshes of one client at once both resolve', bounded, async (t) => {
  const client = connect(t);
  await client.login(credentials());
  const both = await Promise.all([client.refresh(), client.refresh()]);

  for (const { access_token } of both) assert.equal((await whoIs(access_token)).email, EMAIL);
  assert.equal((await client.request(readMe())).email, EMAIL);
  assert.equal(typeof (await client.refresh()).access_token, 'string');
});

test('D-38: ten clients that hold one refresh token all stay signed in', bounded, async (t) => {
  const { refresh_token: shared } = await connect(t).login(credentials());
  const tabs = Array.from({ length: 10 }, () => connectHolding(t, shared));

  const answers = await Promise.all(tabs.map((tab) => tab.refresh()));
  assert.equal(new Set(answers.map(({ refresh_token }) => refresh_token)).size, 1, 'one session, one successor');
  for (const tab of tabs) {
    assert.equal((await whoIs(await tab.getToken())).email, EMAIL);
  }
  // What each of them holds now must carry it through the next round too: in Directus itself all but
  // one of these tokens are dead.
  await Promise.all(tabs.map((tab) => tab.refresh()));
  for (const tab of tabs) {
    assert.equal((await tab.request(readMe())).email, EMAIL);
  }
});

test('D-40: autoRefresh waits until 30 s before the expiry, and then works', bounded, async (t) => {
  // The SDK takes `expires` for milliseconds: seconds there would make it refresh on every request.
  // Its timer is read, not waited for.
  const armed = [];
  const realSetTimeout = globalThis.setTimeout;
  t.mock.method(globalThis, 'setTimeout', (callback, delay, ...rest) => {
    const handle = realSetTimeout(callback, delay, ...rest);
    armed.push({ callback, delay, handle });
    return handle;
  });
  const { fetch, seen } = browser();
  const refreshes = () => seen.filter(({ path }) => path === '/auth/refresh').length;
  const client = connect(t, { options: { autoRefresh: true }, fetch });
  const { access_token: first } = await client.login(credentials());

  const timers = armed.filter(({ delay }) => delay === ACCESS_TOKEN_MS - 30_000);
  assert.equal(timers.length, 1, 'one timer, 30 s before the end');
  await client.request(readMe());
  await new Promise((resolve) => realSetTimeout(resolve, 250));
  await client.request(readMe());
  assert.equal(await client.getToken(), first);
  assert.equal(refreshes(), 0, 'it fired at once');

  clearTimeout(timers[0].handle);
  timers[0].callback();
  // getToken waits for the refresh that the timer has started.
  const second = await client.getToken();
  assert.equal(refreshes(), 1);
  assert.notEqual(second, first);
  assert.equal((await whoIs(second)).email, EMAIL);
});

test('D-37, D-39: logout ends the access token and the refresh token at once', bounded, async (t) => {
  const client = connect(t);
  const { access_token: access, refresh_token: refresh } = await client.login(credentials());
  const other = connect(t);
  await other.login(credentials());
  assert.equal((await whoIs(access)).email, EMAIL);

  await client.logout();
  assert.equal(await client.getToken(), null);
  await assertTokenDead(access);
  await assertRefused(connectHolding(t, refresh).refresh(), 401, ['INVALID_CREDENTIALS']);
  assert.equal((await other.request(readMe())).email, EMAIL, 'the other session lives on (H-29)');
});

test('D-20, D-24, D-29, D-40: cookie mode keeps the refresh token away from scripts', bounded, async (t) => {
  const { fetch, cookies, seen, last } = browser();
  const client = connect(t, { mode: 'cookie', options: { credentials: 'include' }, fetch });

  const login = await client.login(credentials());
  assert.ok(!('refresh_token' in login));
  assert.equal(login.expires, ACCESS_TOKEN_MS);
  assertNoRefreshTokenInBody(last().body);
  const first = assertRefreshCookie(last().setCookies);
  assert.ok(Number(first.attributes.get('max-age')) > 0);
  assert.notEqual(first.value, '');
  assert.equal((await client.request(readMe())).email, EMAIL);

  const refreshed = await client.refresh();
  assert.ok(!('refresh_token' in refreshed));
  assertNoRefreshTokenInBody(last().body);
  const second = assertRefreshCookie(last().setCookies);
  assert.notEqual(second.value, first.value, 'the cookie rotates');
  assert.equal(cookies.get(REFRESH_COOKIE), second.value);
  assert.equal((await whoIs(refreshed.access_token)).email, EMAIL);

  const access = await client.getToken();
  await client.logout();
  const logout = seen.findLast(({ path }) => path === '/auth/logout');
  assert.equal(logout.status, 204);
  // A browser deletes a cookie only when name, path and prefix rules fit the one that it holds.
  assert.equal(assertRefreshCookie(logout.setCookies).attributes.get('max-age'), '0');
  assert.ok(!cookies.has(REFRESH_COOKIE));

  await assertTokenDead(access);
  await assertRefused(client.refresh(), 400, ['INVALID_PAYLOAD']);

  // A copy of the cookie that outlived the logout is worth nothing, and the answer removes it.
  cookies.set(REFRESH_COOKIE, second.value);
  await assertRefused(client.refresh(), 401, ['INVALID_CREDENTIALS']);
  assert.ok(!cookies.has(REFRESH_COOKIE));
});

/** A client that signs in as this person. */
async function connectAs(t, email, password) {
  const client = connect(t);
  await client.login({ email, password });
  return client;
}

const CHOSEN = 'a quiet harbour at dawn';
const OTHER = 'another horse battery';

test('P-09, P-11: registerUser, registerUserVerify and updateMe', bounded, async (t) => {
  const email = 'dora@example.com';
  const anybody = createDirectus(BASE_URL).with(rest());
  await anybody.request(registerUser(email, CHOSEN, { first_name: 'Dora' }));
  const code = await codeTo(email);
  await anybody.request(registerUserVerify(code));
  await assertRefused(anybody.request(registerUserVerify(code)), 400, ['INVALID_CODE']);

  const dora = await connectAs(t, email, CHOSEN);
  const me = await dora.request(readMe());
  assert.deepEqual([me.email, me.first_name], [email, 'Dora']);
  const updated = await dora.request(updateMe({ last_name: 'Marquez', title: 'Explorer' }));
  assert.deepEqual([updated.first_name, updated.last_name, updated.title], ['Dora', 'Marquez', 'Explorer']);
  assert.equal((await dora.request(readMe())).last_name, 'Marquez');
  await assertRefused(dora.request(updateMe({ email: 'else@example.com' })), 400, ['INVALID_PAYLOAD']);

  // Whoever registers the address again is answered the same, and changes nothing.
  await anybody.request(registerUser(email, OTHER));
  await assertRefused(connectAs(t, email, OTHER), 401, ['INVALID_CREDENTIALS']);
  await assertRefused(anybody.request(registerUser(email, 'password123')), 400, ['INVALID_PAYLOAD']);
});

test('D-41: passwordRequest and passwordReset', bounded, async (t) => {
  const email = 'eva@example.com';
  const anybody = createDirectus(BASE_URL).with(rest());
  await anybody.request(registerUser(email, CHOSEN));
  await anybody.request(registerUserVerify(await codeTo(email)));
  const before = await connectAs(t, email, CHOSEN);
  const access = await before.getToken();

  await anybody.request(passwordRequest('nobody@example.com'));
  await anybody.request(passwordRequest(email));
  const code = await codeTo(email, 2);
  await assertRefused(anybody.request(passwordReset(code, 'password123')), 400, ['INVALID_PAYLOAD']);
  await anybody.request(passwordReset(code, OTHER));
  await assertRefused(anybody.request(passwordReset(code, CHOSEN)), 400, ['INVALID_CODE']);

  await assertTokenDead(access);
  await assertRefused(connectAs(t, email, CHOSEN), 401, ['INVALID_CREDENTIALS']);
  await connectAs(t, email, OTHER);
  // An address that the operator did not list is refused before any mail.
  const elsewhere = anybody.request(passwordRequest(email, 'https://evil.example/'));
  await assertRefused(elsewhere, 400, ['INVALID_PAYLOAD']);
});

test('H-03, E12: inviteUser and acceptUserInvite', bounded, async (t) => {
  const email = 'fred@example.com';
  const admin = await connectAs(t, EMAIL, PASSWORD);
  await admin.request(inviteUser(email, 'administrator'));
  const code = await codeTo(email);
  const anybody = createDirectus(BASE_URL).with(rest());
  await assertRefused(anybody.request(acceptUserInvite('kwo1_none', CHOSEN)), 400, ['INVALID_CODE']);
  await anybody.request(acceptUserInvite(code, CHOSEN));
  await assertRefused(anybody.request(acceptUserInvite(code, OTHER)), 400, ['INVALID_CODE']);
  const fred = await connectAs(t, email, CHOSEN);
  assert.equal((await fred.request(readMe())).email, email);
  const stranger = await connectAs(t, 'dora@example.com', CHOSEN);
  await assertRefused(stranger.request(inviteUser('gina@example.com', 'administrator')), 403, ['FORBIDDEN']);
});
