"""Registrations of guests, resets of passwords and deletions of accounts, while the server is
killed under them: each has happened as a whole, or not at all (S1).

Run by tests/crash/run, in an empty folder, with the path of the binary.
"""

import os
import random
import re
import sqlite3
import sys
import threading
import time

from server import UNANSWERED, Report, Server

KILLS = 20
NEW = "changed-" + os.urandom(12).hex()


class Request(threading.Thread):
    """One request; `status` is None where nobody answered."""

    def __init__(self, server, method, path, body, bearer=None):
        super().__init__(daemon=True)
        self.ask = lambda: server.ask(method, path, body, bearer)[0]
        self.status = None
        self.took = None

    def run(self):
        began = time.monotonic()
        try:
            self.status = self.ask()
        except UNANSWERED:
            pass
        self.took = time.monotonic() - began


def must(answer, *statuses):
    if answer[0] not in statuses:
        raise SystemExit(f"not {statuses}: {answer}")
    return answer[1]


def register(server, email, password, guest=None):
    body = {"email": email, "password": password}
    must(server.ask("POST", "/auth/register", body, guest), 202)


def reset_code(server, email):
    """The code that was mailed: without a mail server it stands in the log."""
    must(server.ask("POST", "/auth/password/request", {"email": email}), 204)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open("server.log", "r", errors="replace") as log:
            text = log.read()
        place = text.rfind(email)
        found = re.findall(r"#reset_password=(kwo1_[A-Za-z0-9_-]+)", text)
        if place >= 0 and found and found[-1] not in SEEN:
            SEEN.add(found[-1])
            return found[-1]
        time.sleep(0.02)
    raise SystemExit("no code was mailed within 10 s")


SEEN = set()


def rows(database, question, *values):
    return database.execute(question, values).fetchone()[0]


class Round:
    """One of each, under way when the server dies."""

    def __init__(self, server, number, password):
        self.password = password
        guest = must(server.ask("POST", "/auth/anonymous", {}), 200)
        self.guest = guest["id"]
        self.address = f"guest{number}@example.com"
        self.forgetful = f"forgetful{number}@example.com"
        self.leaver = f"leaver{number}@example.com"
        ids = []
        for email in (self.forgetful, self.leaver):
            register(server, email, password)
            body = {"email": email, "password": password}
            tokens = must(server.ask("POST", "/auth/login", body), 200)
            me = must(server.ask("GET", "/auth/me", bearer=tokens["access_token"]), 200)
            ids.append((me["id"], tokens["access_token"]))
        (self.forgetful_id, _), (self.leaver_id, leaving) = ids
        code = reset_code(server, self.forgetful)
        body = {"email": self.address, "password": password}
        upgrade = Request(server, "POST", "/auth/register", body, guest["access_token"])
        body = {"token": code, "password": NEW}
        reset = Request(server, "POST", "/auth/password/reset", body)
        body = {"password": password}
        leave = Request(server, "DELETE", "/auth/me", body, leaving)
        self.requests = {"upgrade": upgrade, "reset": reset, "leave": leave}

    def run(self, meanwhile=lambda: None):
        """All of them at once. The requests, when each has its answer or has lost it."""
        for request in self.requests.values():
            request.start()
        meanwhile()
        for request in self.requests.values():
            request.join(20)
        return self.requests.values()

    def check(self, report, database, server):
        """What stands in the database: whether each has happened."""
        return {
            "upgrade": self.upgraded(report, database),
            "reset": self.was_reset(report, database, server),
            "leave": self.left(report, database),
        }

    def upgraded(self, report, database):
        one = "SELECT count(*) FROM "
        found = [
            rows(database, one + "accounts WHERE id = ? AND NOT anonymous", self.guest),
            rows(database, one + "accounts WHERE id = ? AND email IS NOT NULL", self.guest),
            rows(database, one + "emails WHERE account_id = ?", self.guest),
            rows(database, one + "credentials WHERE account_id = ?", self.guest),
            rows(database, one + "one_time_codes WHERE account_id = ?", self.guest),
            rows(
                database,
                one + "sessions WHERE account_id = ? AND revoked_at IS NOT NULL",
                self.guest,
            ),
            rows(
                database,
                one + "audit_events WHERE account_id = ? AND what = 'account_registered'",
                self.guest,
            ),
        ]
        report.check("an upgrade is whole or none", len(set(found)) == 1, found)
        return found[0] == 1

    def was_reset(self, report, database, server):
        one = "SELECT count(*) FROM "
        found = [
            rows(
                database,
                one + "audit_events WHERE account_id = ? AND what = 'password_reset'",
                self.forgetful_id,
            ),
            1
            - rows(
                database,
                one + "one_time_codes WHERE account_id = ? AND purpose = 'reset_password'",
                self.forgetful_id,
            ),
            rows(
                database,
                one + "sessions WHERE account_id = ? AND revoked_at IS NOT NULL",
                self.forgetful_id,
            ),
        ]
        done = found[0] == 1
        good, bad = (NEW, self.password) if done else (self.password, NEW)
        for password, status in ((good, 200), (bad, 401)):
            body = {"email": self.forgetful, "password": password}
            answer = server.ask("POST", "/auth/login", body)
            report.check("the password that stands signs in", answer[0] == status, answer)
        report.check("a reset is whole or none", len(set(found)) == 1, found)
        return done

    def left(self, report, database):
        one = "SELECT count(*) FROM "
        there = [
            rows(database, one + "accounts WHERE id = ?", self.leaver_id),
            rows(database, one + "emails WHERE account_id = ?", self.leaver_id),
            rows(database, one + "credentials WHERE account_id = ?", self.leaver_id),
            rows(database, one + "sessions WHERE account_id = ?", self.leaver_id),
            1
            - rows(
                database,
                one + "audit_events WHERE account_id = ? AND what = 'account_deleted'",
                self.leaver_id,
            ),
        ]
        report.check("a deletion is whole or none", len(set(there)) == 1, there)
        return there[0] == 0


def main():
    seed = int(os.environ.get("KEYWARD_TEST_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"seed {seed}", flush=True)
    dice = random.Random(seed)
    report = Report()
    password = "before-" + os.urandom(12).hex()
    server = Server(
        {"KEYWARD_REGISTRATION": "open", "KEYWARD_GUESTS": "on", "RUST_LOG": "info"}
    )
    happened = dict.fromkeys(("upgrade", "reset", "leave"), 0)
    unanswered = 0
    try:
        server.start()
        # How long they take together, where nobody is killed.
        longest = max(request.took for request in Round(server, "calm", password).run())
        for number in range(KILLS):
            this = Round(server, number, password)
            moment = dice.uniform(0.0, 1.3 * longest)
            this.run(lambda: (time.sleep(moment), server.kill()))
            server.start()
            database = sqlite3.connect("keyward.db", timeout=10)
            done = this.check(report, database, server)
            broken = database.execute("PRAGMA foreign_key_check").fetchall()
            report.check("every row's account is there", not broken, broken)
            database.close()
            for kind, request in this.requests.items():
                happened[kind] += done[kind]
                unanswered += request.status is None
                promised = request.status is not None and request.status < 300
                # What was answered has happened; what was not may have, or not.
                report.check(f"an answered {kind} stands", not promised or done[kind], request.status)
        report.check("it ends in order", server.stop() == 0, server.process.returncode)
        met = sum(happened.values())
        report.check("kills came before and after", 0 < met < 3 * KILLS, happened)
        print(f"{KILLS} kills, {unanswered} requests unanswered, of {KILLS} each: {happened}")
    finally:
        server.end()
    return report.end()


sys.exit(main())
