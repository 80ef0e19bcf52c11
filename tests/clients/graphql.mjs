// The schemas of GraphQL, read by graphql-js, and three of its clients: graphql-request, urql and
// Apollo sign in, refresh at the same time and sign out.
//
// BASE_URL, EMAIL and PASSWORD come from the environment; `run` starts a server and sets them.
// KEYWARD_WRITE=1 writes the schemas in docs/graphql anew.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { cacheExchange, Client, fetchExchange } from '@urql/core';
import {
  buildClientSchema, getIntrospectionQuery, lexicographicSortSchema, parse, print, printSchema, validateSchema,
} from 'graphql';
import { ClientError, GraphQLClient } from 'graphql-request';

const { BASE_URL, EMAIL, PASSWORD } = process.env;
for (const [name, value] of Object.entries({ BASE_URL, EMAIL, PASSWORD })) {
  if (!value) throw new Error(`${name} is not set: start these tests with ./run`);
}

// A hanging server must fail a test, not hold the whole run.
const bounded = { timeout: 60_000 };

const MERGED = `${BASE_URL}/graphql`;
const HALTIAN = `${BASE_URL}/v1/graphql`;

const LOGIN = `mutation Login($email: String!, $password: String!) {
  login(input: { email: $email, password: $password }) {
    session { isAnonymous email accessToken refreshToken expirationTime }
  }
}`;
const EXCHANGE = `mutation Exchange($token: String!) {
  exchangeRefreshToken(input: { refreshToken: $token }) { session { accessToken refreshToken } }
}`;
const VIEWER = 'query Viewer { viewer { id email } }';
const LOGOUT = 'mutation Logout { logout { success } }';

const credentials = { email: EMAIL, password: PASSWORD };

/** Each client as one function: a document, its variables, a token; the data, or an error. */
const clients = {
  'graphql-request': () => {
    const client = new GraphQLClient(MERGED);
    return (document, variables, token) =>
      client.request(document, variables, token ? { authorization: `Bearer ${token}` } : {});
  },
  urql: () => async (document, variables, token) => {
    const client = new Client({
      url: MERGED,
      exchanges: [cacheExchange, fetchExchange],
      fetchOptions: token ? { headers: { authorization: `Bearer ${token}` } } : {},
    });
    const ask = document.startsWith('query') ? client.query(document, variables) : client.mutation(document, variables);
    const { data, error } = await ask.toPromise();
    if (error) throw error;
    return data;
  },
  apollo: () => async (document, variables, token) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const client = new ApolloClient({ link: new HttpLink({ uri: MERGED, headers }), cache: new InMemoryCache() });
    const parsed = gql(document);
    const { data } = document.startsWith('query')
      ? await client.query({ query: parsed, variables })
      : await client.mutate({ mutation: parsed, variables });
    return data;
  },
};

for (const [name, make] of Object.entries(clients)) {
  test(`${name} signs in, refreshes at the same time and signs out`, bounded, async () => {
    const ask = make();
    const { login: { session } } = await ask(LOGIN, credentials);
    assert.equal(session.isAnonymous, false);
    assert.equal(session.email, EMAIL);
    const { viewer } = await ask(VIEWER, {}, session.accessToken);
    assert.equal(viewer.email, EMAIL);

    const refreshed = await Promise.all(
      Array.from({ length: 5 }, () => make()(EXCHANGE, { token: session.refreshToken })));
    const tokens = refreshed.map(({ exchangeRefreshToken }) => exchangeRefreshToken.session);
    assert.equal(new Set(tokens.map((it) => it.refreshToken)).size, 1);
    for (const { accessToken } of tokens) {
      assert.equal((await make()(VIEWER, {}, accessToken)).viewer.id, viewer.id);
    }

    const { logout } = await ask(LOGOUT, {}, tokens[0].accessToken);
    assert.equal(logout.success, true);
    await assert.rejects(make()(VIEWER, {}, tokens[1].accessToken), /Invalid token/);
    await assert.rejects(make()(LOGIN, { ...credentials, password: 'not the password' }), /Invalid user credentials/);
  });
}

// What Propeller's SDK and its WordPress plugin name: inputs in variables, types in fragments.
test('documents with the names of the SDK of Propeller are carried out (clients_41, clients_42)', bounded, async () => {
  const client = new GraphQLClient(MERGED);
  const session = `fragment Session on GCIPUser { uid email emailVerified displayName isAnonymous metadata { creationTime }
    tenantId createdAt accessToken refreshToken expirationTime multiFactor { enrolledFactors { factorId } } }
    fragment In on Login { providerId operationType session { ...Session } }`;
  const { login } = await client.request(
    `mutation login($input: LoginInput!) { login(input: $input) { ...In } } ${session}`,
    { input: { ...credentials, provider: null } });
  assert.equal(login.session.email, EMAIL);
  const { exchangeRefreshToken: next } = await client.request(
    `mutation exchangeRefreshToken($input: ExchangeRefreshTokenInput!) { exchangeRefreshToken(input: $input) { ...Next } }
     fragment Next on RefreshTokenResponse { access_token refresh_token expires_in token_type user_id }`,
    { input: { refreshToken: login.session.refreshToken } });
  assert.equal(next.expires_in, 900);
  assert.equal(next.user_id, login.session.uid);
  const headers = { authorization: `${next.token_type} ${next.access_token}` };
  const { viewer } = await client.request(
    'query viewer { viewer { __typename mobile primaryLanguage isLoggedIn mailingList ... on IBaseUser { email } } }', {}, headers);
  assert.deepEqual([viewer.email, viewer.isLoggedIn], [EMAIL, true]);
  const link = 'mutation passwordResetLink($input: PasswordRecoveryLinkInput) { passwordResetLink(input: $input) }';
  const nobody = { input: { email: 'nobody@example.com', language: 'NL' } };
  await assert.rejects(client.request(link, nobody, headers), /no user record/);
  const { logout } = await client.request('mutation logout { logout { __typename todo } }', {}, headers);
  assert.equal(logout.__typename, 'Logout');
});

test('Apollo asks for __typename in every selection, and is told', bounded, async () => {
  const ask = clients.apollo();
  const { login } = await ask(LOGIN, credentials);
  assert.equal(login.__typename, 'Login');
  assert.equal(login.session.__typename, 'GCIPUser');
  const list = 'query List { account { username emails(first: 1) { value } attempts(first: 1) { outcome } } }';
  const { account } = await ask(list, {}, login.session.accessToken);
  assert.equal(account.__typename, 'Account');
  assert.deepEqual(account.attempts.map((it) => it.__typename), ['LoginAttempt']);
});

/** The options of a client that is signed in, and the methods that it asked by. */
async function signedIn() {
  const { login: { session } } = await clients.apollo()(LOGIN, credentials);
  const methods = [];
  const counted = (url, options) => {
    methods.push(options.method);
    return fetch(url, options);
  };
  return { headers: { authorization: `Bearer ${session.accessToken}` }, fetch: counted, methods };
}

const apolloBy = (link) => new ApolloClient({ link, cache: new InMemoryCache() });

test('queries are asked by GET where a client would rather (clients_28)', bounded, async () => {
  const { headers, fetch, methods } = await signedIn();
  const urql = new Client({ url: MERGED, exchanges: [fetchExchange], fetch, fetchOptions: { headers } });
  const { data, error } = await urql.query(VIEWER, {}).toPromise();
  assert.equal(error, undefined);
  assert.equal(data.viewer.email, EMAIL);
  const login = 'query { login(username: "nobody", password: "x") { sessionToken } }';
  const refused = await urql.query(login, {}).toPromise();
  assert.match(refused.error.message, /is asked by POST/);
  const apollo = apolloBy(new HttpLink({ uri: MERGED, headers, fetch, useGETForQueries: true }));
  assert.equal((await apollo.query({ query: gql(VIEWER) })).data.viewer.email, EMAIL);
  assert.deepEqual(methods, ['GET', 'GET', 'GET']);
});

test('Apollo sends the document after the hash alone, by itself (clients_31)', bounded, async () => {
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  for (const useGETForHashedQueries of [false, true]) {
    const { headers, fetch, methods } = await signedIn();
    const hashed = new PersistedQueryLink({ sha256, useGETForHashedQueries });
    const apollo = apolloBy(hashed.concat(new HttpLink({ uri: MERGED, headers, fetch })));
    for (let times = 0; times < 2; times += 1) {
      const { data } = await apollo.query({ query: gql(VIEWER), fetchPolicy: 'network-only' });
      assert.equal(data.viewer.email, EMAIL);
    }
    // Once told, it asks by no hash again.
    assert.equal(methods.length, 3, String(methods));
  }
});

test('what graphql-js prints is read', bounded, async () => {
  const client = new GraphQLClient(MERGED);
  const block = (text) => `"""\n    ${text}\n  """`;
  // Texts in three quotes, a description, a default, a directive, a fragment: printed anew by graphql-js.
  const document = print(parse(`
    "Signs in." mutation In($mode: auth_mode = json, $all: Boolean! = true) {
      auth_login(email: ${block(EMAIL)}, password: ${block(PASSWORD)}, mode: $mode) { ...Tokens @include(if: $all) }
    }
    fragment Tokens on auth_tokens { access_token ... on auth_tokens { expires } }
  `));
  const { auth_login: tokens } = await client.request(document);
  assert.equal(tokens.expires, 900_000);
  assert.equal(typeof tokens.access_token, 'string');
});

async function schemaOf(url, token) {
  const client = new GraphQLClient(url, { headers: token ? { authorization: `Bearer ${token}` } : {} });
  const introspection = await client.request(getIntrospectionQuery({ specifiedByUrl: true, schemaDescription: true }));
  const schema = buildClientSchema(introspection);
  assert.deepEqual(validateSchema(schema), []);
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}

function assertWritten(name, text) {
  const path = new URL(`../../docs/graphql/${name}.graphql`, import.meta.url);
  if (process.env.KEYWARD_WRITE) writeFileSync(path, text);
  assert.equal(readFileSync(path, 'utf8'), text, 'KEYWARD_WRITE=1 writes it anew');
}

test('graphql-js reads the schema of /graphql, which stands in docs/graphql (H-36)', bounded, async () => {
  assertWritten('merged', await schemaOf(MERGED));
});

async function post(path, body, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${BASE_URL}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${answer.ok || (await answer.text())}`);
  return answer.status === 204 ? null : answer.json();
}

/** The access token of somebody in that organization, in that role. */
async function member(owner, id, role) {
  const account = { email: `${role}-of-${id}@example.com`, password: PASSWORD };
  await post('/admin/accounts', account, owner);
  await post(`/auth/organizations/${id}/invitations`, { email: account.email, role }, owner);
  const free = await post('/auth/login', account);
  await post(`/auth/organizations/${id}/accept`, {}, free.access_token);
  const within = await post('/auth/login', { ...account, organizationId: id });
  return within.access_token;
}

test('and those of /v1/graphql, one for each role (H-32 to H-36)', bounded, async () => {
  await assert.rejects(schemaOf(HALTIAN), (error) => {
    assert.ok(error instanceof ClientError);
    assert.equal(error.response.errors[0].extensions.code, 'UNAUTHENTICATED');
    return true;
  });
  const { login: { session } } = await new GraphQLClient(MERGED).request(LOGIN, credentials);
  const { id } = await post('/auth/organizations', { name: 'Schemas' }, session.accessToken);
  const schemas = {};
  for (const role of ['viewer', 'manager', 'owner']) {
    schemas[role] = await schemaOf(HALTIAN, await member(session.accessToken, id, role));
  }
  assertWritten('haltian-viewer', schemas.viewer);
  assertWritten('haltian-manager', schemas.manager);
  // A manager sees everything; whoever is in no organization sees the least.
  assert.equal(schemas.owner, schemas.manager);
  const outside = await schemaOf(HALTIAN, session.accessToken);
  assert.ok(outside.length < schemas.viewer.length, outside);
  assert.ok(!outside.includes('organization:') && !outside.includes('organization('), outside);
});
