// The schemas of GraphQL, read by graphql-js, and three of its clients: graphql-request, urql and
// Apollo sign in, refresh at the same time and sign out.
//
// BASE_URL, EMAIL and PASSWORD come from the environment; `run` starts a server and sets them.
// KEYWARD_WRITE=1 writes the schemas in docs/graphql anew.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
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
const LOGOUT = 'mutation Logout { logout }';

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
      // By itself it asks queries by GET, which would put variables into addresses.
      preferGetMethod: false,
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
    assert.equal(logout, true);
    await assert.rejects(make()(VIEWER, {}, tokens[1].accessToken), /Invalid token/);
    await assert.rejects(make()(LOGIN, { ...credentials, password: 'not the password' }), /Invalid user credentials/);
  });
}

test('Apollo asks for __typename in every selection, and is told', bounded, async () => {
  const ask = clients.apollo();
  const { login } = await ask(LOGIN, credentials);
  assert.equal(login.__typename, 'LoginResponse');
  assert.equal(login.session.__typename, 'Session');
  const list = 'query List { account { username emails(first: 1) { value } attempts(first: 1) { outcome } } }';
  const { account } = await ask(list, {}, login.session.accessToken);
  assert.equal(account.__typename, 'Account');
  assert.deepEqual(account.attempts.map((it) => it.__typename), ['LoginAttempt']);
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
