"""A server that is killed, and what its tests tell: shared by clients.py and acts.py."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

BINARY = sys.argv[1]
EMAIL = "admin@example.com"
PASSWORD = "crash-" + os.urandom(12).hex()

# What stands for "no answer": the server was killed, or was not there yet.
UNANSWERED = (OSError, http.client.HTTPException)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, settings):
        self.port = free_port()
        self.process = None
        # Nothing of the caller's environment: Keyward refuses KEYWARD_ names it does not know.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.getcwd(),
            "RUST_BACKTRACE": "1",
            "RUST_LOG": "warn",
            "DATABASE_URL": "sqlite://keyward.db",
            "KEYWARD_LISTEN": f"127.0.0.1:{self.port}",
            "KEYWARD_ADMIN_EMAIL": EMAIL,
            "KEYWARD_ADMIN_PASSWORD": PASSWORD,
            "KEYWARD_BCRYPT_COST": "10",
            **settings,
        }

    def start(self):
        with open("server.log", "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve"], env=self.environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                if self.ask("GET", "/health/ready")[0] == 200:
                    return
            except UNANSWERED:
                pass
            if self.process.poll() is not None:
                raise SystemExit("the server ended before it was ready")
            if time.monotonic() > deadline:
                raise SystemExit("the server was not ready within 20 s")
            time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks it to end. Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def end(self):
        """Whatever became of the test."""
        if self.process and self.process.poll() is None:
            self.kill()

    def ask(self, method, path, body=None, bearer=None, connection=None):
        """Status and JSON of the answer; the connection is closed unless it was given."""
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {}
        if body is not None:
            headers["content-type"] = "application/json"
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        try:
            own.request(method, path, None if body is None else json.dumps(body), headers)
            answer = own.getresponse()
            text = answer.read()
            status, outcome = answer.status, answer.getheader("x-keyward-refresh")
        finally:
            if connection is None:
                own.close()
        return status, json.loads(text) if text else None, outcome


class Report:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, why=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {name}: {why}", flush=True)

    def end(self):
        """Tells how it went. The exit code."""
        if self.failed:
            with open("server.log", "rb") as log:
                sys.stderr.write("--- log of the server ---\n")
                sys.stderr.write(log.read()[-8000:].decode(errors="replace"))
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
