// The page to which mailed links lead, and the one that shows the interface, in a real browser: Debian's Chromium, driven by
// playwright-core. Without one these tests are skipped, unless KEYWARD_TEST_REQUIRE_BROWSER is set.
//
// BASE_URL, EMAIL, PASSWORD and LOG come from the environment; `run` starts a server and sets them.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { chromium } from 'playwright-core';

import { codeTo, linkTo } from './mail.mjs';

const { BASE_URL, EMAIL, PASSWORD, KEYWARD_TEST_REQUIRE_BROWSER } = process.env;
const executablePath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);
const bounded = {
  timeout: 60_000,
  skip: !executablePath && !KEYWARD_TEST_REQUIRE_BROWSER && 'no Chromium is installed',
};

const CHOSEN = 'a quiet harbour at dawn';
const OTHER = 'another horse battery';

/** A page of a browser of its own, what it complained of, and every address that it asked for. */
async function open(t, options = {}) {
  // Without a sandbox it runs as root too. What it opens is our own page and nothing else.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(10_000);
  const [complaints, asked] = [[], []];
  // A refusal is told to the person; the browser writes a line of its own about its status.
  page.on('console', (line) => {
    if (line.type() === 'error' && !/status of 4\d\d/.test(line.text())) complaints.push(line.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => asked.push(request.url()));
  return { page, complaints, asked };
}

async function post(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(new URL(path, BASE_URL), { method: 'POST', headers, body: JSON.stringify(body) });
}

async function graphql(query, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(new URL('/graphql', BASE_URL), { method: 'POST', headers, body: JSON.stringify({ query }) });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  return data;
}

async function register(email) {
  assert.equal((await post('/auth/register', { email, password: CHOSEN })).status, 202);
}

const signIn = (email, password) => post('/auth/login', { email, password });

/** By the keyboard alone: to what has this role, as often as Tab needs. */
async function tabTo(page, tag) {
  for (let steps = 0; steps < 10; steps += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement.localName)) === tag) return;
  }
  assert.fail(`Tab leads to no ${tag}`);
}

const result = (page, text) => page.getByRole('status').filter({ hasText: text }).waitFor();

test('L12, L18: an address is proven by the keyboard, and no server is sent the code', bounded, async (t) => {
  const email = 'page-verify@example.com';
  await register(email);
  const { page, complaints, asked } = await open(t, { locale: 'en-GB' });
  await page.goto(await linkTo(email));
  assert.equal(await page.title(), 'Confirm your e-mail address');
  assert.equal(await page.getByLabel('New password').isVisible(), false);
  await page.reload();
  await tabTo(page, 'button');
  await page.keyboard.press('Enter');
  await result(page, 'Your address is confirmed.');
  assert.equal(new URL(page.url()).hash, '', 'the code stays in no history');
  const code = await codeTo(email);
  for (const url of asked) {
    assert.equal(new URL(url).origin, new URL(BASE_URL).origin);
    assert.ok(!url.split('#')[0].includes(code), url);
  }
  assert.deepEqual(complaints, []);
});

test('a link of what every object has is not complete, and the page says so', bounded, async (t) => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'label']) {
    const { page, complaints } = await open(t, { locale: 'en-GB' });
    await page.goto(`${BASE_URL}/account#${name}=x`);
    await page.getByText('This link is not complete.').waitFor();
    assert.equal(await page.getByRole('button').isVisible(), false);
    assert.deepEqual(complaints, [], name);
  }
});

test('L10: a password is chosen by the keyboard, after one that was refused', bounded, async (t) => {
  const email = 'page-reset@example.com';
  await register(email);
  assert.equal((await post('/auth/password/request', { email })).status, 204);
  const { page, complaints } = await open(t, { locale: 'en-GB' });
  await page.goto(await linkTo(email, 2));
  await tabTo(page, 'input');
  await page.keyboard.press('Enter');
  assert.equal(await page.getByLabel('New password').evaluate((field) => field.validity.valueMissing), true);
  await page.keyboard.type('password123');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await result(page, 'among the first that are guessed');
  // Whoever has no mouse types the next one at once.
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(OTHER);
  await page.keyboard.press('Enter');
  await result(page, 'Your new password is saved.');
  assert.equal((await signIn(email, CHOSEN)).status, 401);
  assert.equal((await signIn(email, OTHER)).status, 200);
  assert.deepEqual(complaints, []);
});

test('P-24: after the reset the page goes on, and not to what its own query says', bounded, async (t) => {
  const email = 'page-next@example.com';
  await register(email);
  const { access_token: admin } = await (await signIn(EMAIL, PASSWORD)).json();
  const input = `{ email: "${email}", redirectUrl: "${BASE_URL}/docs", language: "en" }`;
  const { passwordResetLink } = await graphql(`mutation { passwordResetLink(input: ${input}) }`, admin);
  const link = new URL(passwordResetLink);
  link.searchParams.set('continueUrl', 'http://127.0.0.1:9/elsewhere');
  const { page, asked } = await open(t, { locale: 'en-GB' });
  await page.goto(link.href);
  await page.getByLabel('New password').fill(OTHER);
  await page.getByRole('button').click();
  await page.waitForURL((url) => url.pathname === '/docs');
  assert.ok(asked.every((url) => new URL(url).origin === new URL(BASE_URL).origin), String(asked));
});

test('an invitation is accepted by Keyward\'s own route, and refusals are in the reader\'s language', bounded, async (t) => {
  const email = 'page-invited@example.com';
  const { access_token: admin } = await (await signIn(EMAIL, PASSWORD)).json();
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${admin}` };
  const body = JSON.stringify({ email, language: 'de' });
  const invited = await fetch(new URL('/users/invite', BASE_URL), { method: 'POST', headers, body });
  assert.equal(invited.status, 204);
  const { page, asked } = await open(t, { locale: 'de-DE' });
  const link = await linkTo(email);
  await page.goto(link);
  const choose = async (password) => {
    await page.getByLabel('Neues Passwort').fill(password);
    await page.getByRole('button').click();
  };
  await choose('kurz');
  await result(page, 'Zeichen lang sein');
  await choose('password123');
  await result(page, 'erraten');
  await choose(CHOSEN);
  await result(page, 'Ihr Konto ist bereit');
  assert.ok(asked.some((url) => url.endsWith('/auth/invitations/accept')));
  assert.equal((await signIn(email, CHOSEN)).status, 200);
  await page.goto('about:blank');
  await page.goto(link);
  await choose(OTHER);
  await result(page, 'Dieser Link wurde schon benutzt');
});

test('a second link that is opened in the same tab counts', bounded, async (t) => {
  const email = 'page-again@example.com';
  await register(email);
  const { page } = await open(t, { locale: 'en-GB' });
  await page.goto(await linkTo(email));
  assert.equal((await post('/auth/email/verify/request', { email })).status, 204);
  // Nothing but the fragment differs, so the browser loads nothing by itself.
  await page.goto(await linkTo(email, 2));
  await page.waitForLoadState();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await result(page, 'Your address is confirmed.');
  // Who presses once more is done: no other link would be mailed.
  await page.goto('about:blank');
  await page.goto(await linkTo(email, 2));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await result(page, 'it is done: sign in');
});

test('the page speaks the language of the mail, and a broken link is told of', bounded, async (t) => {
  const email = 'page-nl@example.com';
  const made = await post('/auth/register', { email, password: CHOSEN, language: 'nl' });
  assert.equal(made.status, 202);
  const { page } = await open(t, { locale: 'fi-FI' });
  await page.goto(await linkTo(email));
  assert.equal(await page.locator('html').getAttribute('lang'), 'nl');
  await page.getByRole('button', { name: 'Bevestigen' }).click();
  await result(page, 'Uw adres is bevestigd.');
  await page.goto(new URL('/account#reset_password', BASE_URL).href);
  await page.getByText('Linkki ei ole täydellinen').waitFor();
  assert.equal(await page.getByRole('button').isVisible(), false);
});

test('without JavaScript the page says what it needs, and shows no form', bounded, async (t) => {
  const email = 'page-plain@example.com';
  await register(email);
  const { page } = await open(t, { javaScriptEnabled: false });
  await page.goto(await linkTo(email));
  assert.equal(await page.getByText('This page needs JavaScript').isVisible(), true);
  assert.equal(await page.getByRole('button').isVisible(), false);
  assert.equal(await page.locator('input').isVisible(), false);
});

test('clients_29: /docs shows the examples of the description, and no panel falls', bounded, async (t) => {
  const { page, complaints, asked } = await open(t, { locale: 'en-GB' });
  await page.goto(new URL('/docs', BASE_URL).href);
  const signIn = page.locator('[id="post-/auth/login"] textarea');
  await signIn.waitFor();
  assert.deepEqual(JSON.parse(await signIn.inputValue()), { email: 'alice@example.com', password: 'correct horse battery' });
  // Members that are null stand in this one.
  await page.locator('[id="get-/auth/me"]').getByText('alice@example.com').first().waitFor();
  const bodies = await page.locator('textarea').evaluateAll((fields) => fields.map((field) => field.value));
  assert.ok(bodies.length > 50 && bodies.every((body) => JSON.parse(body)), String(bodies));
  assert.deepEqual(complaints, []);
  assert.ok(asked.every((url) => new URL(url).origin === new URL(BASE_URL).origin), String(asked));
});
