// The mails of a server that listens on loopback and has no SMTP server: they go to its log, with
// their links. LOG comes from the environment; `run` sets it.

import { readFile } from 'node:fs/promises';

const { LOG } = process.env;
if (!LOG) throw new Error('LOG is not set: start these tests with ./run');

/** How long a mail may take: it is written by a thread beside the requests. */
const DEADLINE_MS = 20_000;

/** Every link that was mailed to this address, oldest first. */
async function linksTo(address) {
  const mails = (await readFile(LOG, 'utf8')).split(/^(?=.*\bmail to )/m);
  const theirs = mails.filter((text) => text.includes(`mail to ${address}: `));
  return theirs.flatMap((text) => text.match(/https?:\/\/\S+[=]kwo1_[A-Za-z0-9_-]+/g) ?? []);
}

/** The link of the mail of this number to this address, the first being 1. */
export async function linkTo(address, number = 1) {
  const until = Date.now() + DEADLINE_MS;
  for (;;) {
    const links = await linksTo(address);
    if (links.length >= number) return links[number - 1];
    if (Date.now() > until) throw new Error(`no mail ${number} to ${address}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The code in that link. */
export const codeTo = async (address, number = 1) => (await linkTo(address, number)).replace(/^.*=/, '');
