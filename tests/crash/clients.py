"""Clients that refresh without a pause while their server is killed under them.

Run by tests/crash/run, in an empty folder, with the path of the binary. A promise is an
answer that was read to its end: whatever was promised must hold after every kill.
"""

import base64
import http.client
import os
import random
import sqlite3
import sys
import threading
import time

from server import EMAIL, PASSWORD, UNANSWERED, Report, Server

CLIENTS = 32
KILLS = 20


def place(token):
    """Of a refresh token: whose it is, and of which generation."""
    raw = base64.urlsafe_b64decode(token[5:] + "=" * (-len(token[5:]) % 4))
    return raw[1:17], int.from_bytes(raw[17:21], "big")


class Client(threading.Thread):
    """One session: always refreshes with the last token that it was promised."""

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server = server
        self.dice = random.Random(seed)
        self.faults = []
        self.unanswered = 0
        self.retried = 0
        self.acknowledged = 0
        self.log = []
        status, body, _ = server.ask(
            "POST", "/auth/login", {"email": EMAIL, "password": PASSWORD}
        )
        if status != 200:
            raise SystemExit(f"the sign-in of a client was answered {status}: {body}")
        self.tokens = [body["refresh_token"]]
        self.access = body["access_token"]
        self.connection = None
        self.over = threading.Event()

    def run(self):
        try:
            while not self.over.is_set() and not self.faults:
                self.turn(self.tokens[-1])
                # Now and then another tab, which still holds the token before.
                if len(self.tokens) > 1 and self.dice.random() < 0.1:
                    self.turn(self.tokens[-2])
        except Exception as error:  # a client that fell over has proved nothing
            self.faults.append(f"the client fell over: {error!r}")

    def turn(self, token):
        """One refresh, repeated until it is answered."""
        lost = False
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection(
                        "127.0.0.1", self.server.port, timeout=10
                    )
                    self.connection.connect()
            except UNANSWERED:
                self.connection = None
                if self.over.is_set():
                    return
                time.sleep(0.02)
                continue
            try:
                answer = self.server.ask(
                    "POST",
                    "/auth/refresh",
                    {"refresh_token": token},
                    connection=self.connection,
                )
            except UNANSWERED:
                # Sent, and nobody knows what became of it.
                self.connection.close()
                self.connection = None
                self.unanswered += 1
                self.log.append((place(token)[1], "no answer"))
                lost = True
                continue
            status, body, outcome = answer
            self.log.append((place(token)[1], status, outcome))
            if status in (429, 503):
                time.sleep(0.05)
                continue
            self.judge(token, status, body, outcome, lost)
            return
        self.faults.append("a refresh was not answered within 40 s")

    def judge(self, token, status, body, outcome, lost):
        if status != 200:
            what = "retried" if lost else "promised"
            self.faults.append(f"a {what} token was answered {status}: {body}")
            return
        successor = body["refresh_token"]
        session, generation = place(token)
        if place(successor) != (session, generation + 1):
            self.faults.append(f"generation {generation} was followed by {place(successor)[1]}")
        elif token == self.tokens[-1]:
            if outcome != "fresh" and not lost:
                self.faults.append(f"the first use of a token was {outcome}")
            self.tokens.append(successor)
        elif successor != self.tokens[-1]:
            self.faults.append("the same token gave another successor than before")
        self.access = body["access_token"]
        self.acknowledged += 1
        self.retried += lost

    def finish(self):
        """After the last start, when nothing is lost any more."""
        self.turn(self.tokens[-1])
        self.turn(self.tokens[-2])
        status, body, _ = self.server.ask("GET", "/auth/me", bearer=self.access)
        if status != 200:
            self.faults.append(f"the last access token was answered {status}: {body}")


def check_database(report, clients):
    database = sqlite3.connect("keyward.db")
    intact = database.execute("PRAGMA integrity_check").fetchall()
    report.check("the database is intact", intact == [("ok",)], intact)
    broken = database.execute("PRAGMA foreign_key_check").fetchall()
    report.check("every row's account is there", not broken, broken)
    ended = database.execute(
        "SELECT id, gen, revoke_reason FROM sessions WHERE revoked_at IS NOT NULL"
    ).fetchall()
    report.check("no crash ended a session", not ended, ended)
    rows = dict(database.execute("SELECT id, gen FROM sessions").fetchall())
    report.check("no session was lost", len(rows) == len(clients), len(rows))
    stands = sorted(rows.values())
    held = sorted(place(client.tokens[-1])[1] for client in clients)
    report.check("every session stands where its client does", stands == held, (stands, held))
    database.close()


def main():
    seed = int(os.environ.get("KEYWARD_TEST_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"seed {seed}", flush=True)
    dice = random.Random(seed)
    report = Report()
    # A session rotates sixteen times within a grace, and these do nothing else.
    server = Server({"KEYWARD_REFRESH_GRACE": "1s"})
    try:
        server.start()
        # One after another: an account's sign-ins are limited in number at a time.
        clients = [Client(server, f"{seed}/{number}") for number in range(CLIENTS)]
        for client in clients:
            client.start()
        slowest = 0.0
        for _ in range(KILLS):
            before = sum(client.acknowledged for client in clients)
            time.sleep(dice.uniform(0.1, 1.0))
            server.kill()
            began = time.monotonic()
            server.start()
            slowest = max(slowest, time.monotonic() - began)
            while sum(client.acknowledged for client in clients) == before:
                if not any(client.is_alive() for client in clients):
                    break
                time.sleep(0.01)
        for client in clients:
            client.over.set()
        for client in clients:
            client.join(60)
            report.check("a client ended", not client.is_alive(), "it hangs")
        for client in clients:
            if not client.faults:
                client.finish()
            client_log = f"{client.faults}, last of its history: {client.log[-8:]}"
            report.check("a client's history", not client.faults, client_log)
        report.check("it ends in order", server.stop() == 0, server.process.returncode)
        check_database(report, clients)
        unanswered = sum(client.unanswered for client in clients)
        retried = sum(client.retried for client in clients)
        acknowledged = sum(client.acknowledged for client in clients)
        report.check("kills met requests in flight", unanswered >= KILLS, unanswered)
        print(
            f"{KILLS} kills, {acknowledged} refreshes acknowledged, {unanswered} unanswered, "
            f"{retried} answered when they were tried again; slowest start {slowest:.2f} s"
        )
    finally:
        server.end()
    return report.end()


sys.exit(main())
