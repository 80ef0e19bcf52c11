"""A Keyward of the benchmark's own: in a folder of its own, on a port of its own."""

import base64
import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time

EMAIL = "admin@example.com"
PASSWORD = "bench-" + os.urandom(12).hex()
# Every seeded session has it, so that its refresh tokens can be made without the database.
SALT = "5a" * 32


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def seeded(kind, number):
    """The id of a seeded row: the same each time. Of an account it is random to look at; of a
    session it begins with the time, those that are over with an earlier one."""
    h = hashlib.md5(f"{kind}{number}".encode()).hexdigest()
    if kind in "sp":
        h = f"{number + 0x60000000 * (kind == 's'):08x}{h[8:]}"
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


class Server:
    def __init__(self, binary, postgres=None, beside=None, **settings):
        """`beside`: a server whose PostgreSQL and secret this one shares, as a replica."""
        self.command, self.postgres = [binary, "serve"], postgres
        self.folder = tempfile.mkdtemp(prefix="keyward-bench-", dir=os.environ.get("TMPDIR"))
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.database = f"{self.folder}/keyward.db"
        self.secret_file = f"{self.folder}/keyward.secret"
        if beside:
            self.postgres = beside.postgres
            shutil.copy(beside.secret_file, self.secret_file)
            os.chmod(self.secret_file, 0o600)
        elif postgres:
            name = "bench_" + os.urandom(4).hex()
            psql(postgres, f"CREATE DATABASE {name}")
            self.postgres = postgres.replace("/postgres?", f"/{name}?")
            descriptor = os.open(self.secret_file, os.O_CREAT | os.O_WRONLY, 0o600)
            os.write(descriptor, base64.b64encode(os.urandom(32)))
            os.close(descriptor)
        # Nothing of the caller's environment: Keyward refuses KEYWARD_ names it does not know.
        self.environment = {
            "PATH": os.environ["PATH"],
            "RUST_LOG": "warn",
            "DATABASE_URL": self.postgres or f"sqlite://{self.database}",
            "KEYWARD_SECRET_FILE": self.secret_file,
            "KEYWARD_LISTEN": self.address,
            "KEYWARD_ADMIN_EMAIL": EMAIL,
            "KEYWARD_ADMIN_PASSWORD": PASSWORD,
            "KEYWARD_DIALECTS": "directus,oisp,hypi,haltian,propeller",
            # Sessions rotate sixteen times within a grace, and clients here chain refreshes. As
            # in life, where they come minutes apart, nothing is remembered of earlier ones.
            "KEYWARD_REFRESH_GRACE": "0s",
        } | {f"KEYWARD_{name.upper()}": str(value) for name, value in settings.items()}
        if not self.postgres:
            del self.environment["KEYWARD_SECRET_FILE"]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Seconds from the start of the process to its first 200."""
        began = time.perf_counter()
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment,
                stdout=log, stderr=log)
        while time.perf_counter() - began < 60:
            if self.is_ready():
                return time.perf_counter() - began
            if self.process.poll() is not None:
                break
            time.sleep(0.001)
        with open(f"{self.folder}/log") as log:
            raise SystemExit(f"bench: Keyward did not start:\n{log.read()}")

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as stream:
                stream.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return stream.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(40)

    def resident(self):
        """Megabytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def processor(self):
        """Seconds of a core that it took up to now."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            user, system = stat.read().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def size(self):
        """Bytes of the database."""
        if self.postgres:
            return int(psql(self.postgres, "SELECT pg_database_size(current_database())"))
        return os.path.getsize(self.database)

    def query(self, text):
        """One column. While the server runs."""
        if self.postgres:
            return psql(self.postgres, text).split("\n")
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as db:
            return [str(row[0]) for row in db.execute(text)]

    def seed(self, accounts, sessions):
        """Copies the first account and its session so many times. While the server is
        stopped; it must have been started and signed in to once."""
        self.accounts = accounts
        columns = (
            "username, username_canonical, anonymous, enabled, verified, "
            "terms_accepted, epoch, access_version, created_at, updated_at")
        email = "'u' || n || '@example.com'"
        # As many parts of names as there are, and each as frequent.
        names = "substr(bench_id('a', n), 1, 8), substr(bench_id('a', n), 25, 12)"
        called = names.replace(", substr", " || ' ' || substr")
        self.run(
            "INSERT INTO accounts (id, email, email_canonical, first_name, last_name, "
            f"names_canonical, {columns}) "
            f"SELECT bench_id('a', n), {email}, {email}, {names}, {called}, {columns} "
            f"FROM (SELECT * FROM accounts LIMIT 1) t, {self.numbers(accounts)} ORDER BY 1",
            "INSERT INTO emails (canonical, account_id, written, verified, is_primary, created_at) "
            f"SELECT {email}, bench_id('a', n), {email}, verified, TRUE, created_at "
            f"FROM (SELECT * FROM accounts LIMIT 1) t, {self.numbers(accounts)} ORDER BY 1",
            "INSERT INTO credentials (account_id, record, created_at, updated_at) "
            "SELECT bench_id('a', n), record, created_at, updated_at "
            f"FROM (SELECT * FROM credentials LIMIT 1) t, {self.numbers(accounts)} ORDER BY 1",
            self.copies("s", sessions, "absolute_expires_at"))

    def seed_beside(self, organizations, attempts):
        """So many organizations with an owner each, and so many attempts, after seed()."""
        name = "'Org ' || substr(bench_id('o', n), 25, 12)"
        one = "(SELECT created_at FROM accounts ORDER BY created_at LIMIT 1) t"
        self.run(
            "INSERT INTO organizations (id, name, name_canonical, created_at, updated_at) "
            f"SELECT bench_id('o', n), {name}, lower({name}), created_at, created_at "
            f"FROM {one}, {self.numbers(organizations)} ORDER BY 1",
            "INSERT INTO memberships (organization_id, account_id, role, state, created_at, "
            "updated_at) SELECT bench_id('o', n), bench_id('a', n), 'owner', 'active', created_at, "
            f"created_at FROM {one}, {self.numbers(organizations)} ORDER BY 1",
            "INSERT INTO login_attempts (id, account_id, succeeded, outcome, dialect, at) "
            f"SELECT bench_id('l', n), bench_id('a', 1 + n % {self.accounts}), TRUE, 'ok', "
            f"'keyward', created_at - {attempts} + n FROM {one}, {self.numbers(attempts)} "
            "ORDER BY n")

    def seed_past(self, sessions):
        """So many sessions that are long over, after seed()."""
        self.run(self.copies("p", sessions, "1"))

    def copies(self, kind, sessions, ends):
        salt = f"decode('{SALT}', 'hex')" if self.postgres else f"x'{SALT}'"
        columns = (
            "anonymous, mode, class, amr, aal, auth_time, created_at, rotated_at, replays, "
            "gen_seen, idle_expires_at, account_epoch, user_agent, address, recent")
        return (
            "INSERT INTO sessions (id, account_id, salt, gen, absolute_expires_at, "
            f"{columns}) SELECT bench_id('{kind}', n), "
            f"bench_id('a', 1 + n % {self.accounts}), {salt}, 0, {ends}, {columns} "
            f"FROM (SELECT * FROM sessions LIMIT 1) t, {self.numbers(sessions)} ORDER BY 1")

    def numbers(self, count):
        """A table of the numbers from one."""
        if self.postgres:
            return f"generate_series(1, {count}) n"
        return ("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                f"WHERE n < {count}) SELECT n FROM c)")

    def run(self, *statements):
        """In haste: durability is given up, and made good at the end."""
        if self.postgres:
            psql(self.postgres, "CREATE OR REPLACE FUNCTION bench_id(kind text, n bigint) "
                 "RETURNS text IMMUTABLE LANGUAGE sql RETURN (CASE kind "
                 "WHEN 's' THEN to_hex(n + 1610612736) || substr(md5(kind || n), 9) "
                 "WHEN 'p' THEN lpad(to_hex(n), 8, '0') || substr(md5(kind || n), 9) "
                 "ELSE md5(kind || n) END)::uuid::text")
            for statement in statements:
                psql(self.postgres, statement)
            psql(self.postgres, "VACUUM ANALYZE")
            return
        with sqlite3.connect(self.database) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.execute("PRAGMA cache_size = -1000000")
            db.create_function("bench_id", 2, seeded, deterministic=True)
            for statement in statements:
                db.execute(statement)
        db = sqlite3.connect(self.database)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()


def psql(url, statement):
    done = subprocess.run(["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c",
                           statement, url], check=True, capture_output=True, text=True)
    return done.stdout.strip()
