"""What tests/mail/run asks of a Keyward binary. Every wait has a deadline."""

import contextlib
import datetime
import email
import email.policy
import ipaddress
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BINARY = sys.argv[1]
SENDER = "Keyward Test <no-reply@example.com>"
ADMIN = "admin@example.com"


class Sink:
    """Takes mail, but none for anybody called refused, and none later called later."""

    def __init__(self):
        self.envelopes = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 no such user"
        if address.startswith("later"):
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 taken"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Plain(Controller):
    pass


@contextlib.contextmanager
def serving(port=None, tls=None, starttls=None, users=None):
    sink = Sink()
    options = {}
    if starttls:
        options.update(tls_context=starttls, require_starttls=True)
    if users:
        def check(server, session, envelope, mechanism, data):
            given = (data.login.decode(), data.password.decode())
            return AuthResult(success=given in users, handled=False)

        options.update(authenticator=check, auth_required=True, auth_require_tls=not tls)
    controller = Plain(
        sink, hostname="127.0.0.1", port=port or free_port(), ssl_context=tls, **options
    )
    controller.start()
    try:
        yield controller.port, sink
    finally:
        controller.stop()


def certificate(folder):
    """One that this test vouches for: for localhost and 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "keyward test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    public = folder / "public.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, public


def settings(folder, smtp, **more):
    # Nothing of the caller's environment: it must not change what is tested.
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RUST_LOG": "info",
        "DATABASE_URL": f"sqlite://{folder}/keyward.db",
        "KEYWARD_SMTP_URL": smtp,
        "KEYWARD_MAIL_FROM": SENDER,
        **more,
    }


def run(folder, smtp, *arguments, **more):
    return subprocess.run(
        [BINARY, *arguments],
        env=settings(folder, smtp, **more),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def check_message(envelope, to, links):
    sender, recipients, content = envelope
    assert sender == "no-reply@example.com", sender
    assert recipients == [to], recipients
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message["From"] == SENDER, message["From"]
    assert message["To"] == to and message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.com>") and message["Date"]
    parts = [part.get_content_type() for part in message.iter_parts()]
    assert parts == ["text/plain", "text/html"], parts
    text, html = (part.get_content() for part in message.iter_parts())
    assert text.count("://") == links and html.count("<a ") == links, text
    assert all(len(line) < 78 for line in text.splitlines() if "://" not in line), text
    assert message["Subject"] and message["Subject"] in html, message["Subject"]
    return message


def command(folder):
    with serving() as (port, sink):
        url = f"smtp://127.0.0.1:{port}"
        done = run(folder, url, "mail", "test", "Somebody@example.com")
        assert done.returncode == 0 and "250" in done.stdout, done
        check_message(sink.envelopes.pop(), "Somebody@example.com", 0)
        for who, said in [("refused@example.com", "550"), ("later@example.com", "451")]:
            done = run(folder, url, "mail", "test", who)
            assert done.returncode == 1 and said in done.stderr, done
            assert not sink.envelopes
        for who in ["nobody", "a@b.example,c@d.example", "a@b.example\nBcc: x@y.example"]:
            done = run(folder, url, "mail", "test", who)
            assert done.returncode == 1 and "not an e-mail address" in done.stderr, done
            assert not sink.envelopes
        done = run(folder, url, "check")
        assert f"mail: {url}" in done.stdout and "is ready" in done.stdout, done
    done = run(folder, url, "mail", "test", "somebody@example.com")
    assert done.returncode == 1 and "refused" in done.stderr, done
    done = run(folder, url, "check")
    assert done.returncode == 1 and "FAIL  mail" in done.stdout, done


def encrypted(folder):
    context, public = certificate(folder)
    users = {("user@example.com", "p/w")}
    trusted = {"SSL_CERT_FILE": str(public)}
    with serving(tls=context, users=users) as (port, sink):
        url = f"smtps://user%40example.com:p%2Fw@127.0.0.1:{port}"
        done = run(folder, url, "mail", "test", "a@example.com")
        assert done.returncode == 1 and "certificate" in done.stderr.lower(), done
        assert not sink.envelopes and "p/w" not in done.stderr
        done = run(folder, url, "mail", "test", "a@example.com", **trusted)
        assert done.returncode == 0, done
        check_message(sink.envelopes.pop(), "a@example.com", 0)
        wrong = url.replace("p%2Fw", "CANARY")
        done = run(folder, wrong, "mail", "test", "a@example.com", **trusted)
        assert done.returncode == 1 and "535" in done.stderr, done
        assert "CANARY" not in done.stderr + done.stdout and not sink.envelopes
    with serving(starttls=context) as (port, sink):
        url = f"smtp://127.0.0.1:{port}?tls=required"
        done = run(folder, url, "mail", "test", "a@example.com")
        assert done.returncode == 1 and "certificate" in done.stderr.lower(), done
        assert not sink.envelopes
        done = run(folder, url, "mail", "test", "a@example.com", **trusted)
        assert done.returncode == 0 and len(sink.envelopes) == 1, done
    with serving() as (port, sink):
        url = f"smtp://127.0.0.1:{port}?tls=required"
        done = run(folder, url, "mail", "test", "a@example.com")
        assert done.returncode == 1 and "STARTTLS" in done.stderr, done
        assert not sink.envelopes


def ask(url, body=None, token=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def until(true, seconds, what):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def keyward(folder, smtp):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    more = {
        "KEYWARD_LISTEN": f"127.0.0.1:{port}",
        "KEYWARD_ADMIN_EMAIL": ADMIN,
        "KEYWARD_ADMIN_PASSWORD": "the first password",
        "KEYWARD_BCRYPT_COST": "10",
    }
    with open(folder / "server.log", "ab") as log:
        server = subprocess.Popen(
            [BINARY], env=settings(folder, smtp, **more), cwd=folder, stdout=log, stderr=log
        )

    def ready():
        assert server.poll() is None, (folder / "server.log").read_text()
        with contextlib.suppress(OSError):
            return ask(f"{base}/health/ready")[0] == 200
        return False

    try:
        until(ready, 20, "the server is ready")
        yield base, server
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                raise


def change(base, old, new):
    credentials = {"email": ADMIN, "password": old}
    status, body = ask(f"{base}/auth/login", credentials)
    assert status == 200, body
    token = json.loads(body)["access_token"]
    began = time.monotonic()
    body = {"currentPassword": old, "newPassword": new}
    status, body = ask(f"{base}/auth/password/change", body, token)
    assert status == 200, body
    return time.monotonic() - began


def server(folder):
    port = free_port()
    with keyward(folder, f"smtp://127.0.0.1:{port}") as (base, process):
        # The mail server is away: the request does not notice, and the mail waits.
        change(base, "the first password", "the second password")
        until(
            lambda: "it is tried again" in (folder / "server.log").read_text(),
            10,
            "the failure is told",
        )
        with serving(port=port) as (_, sink):
            until(lambda: sink.envelopes, 60, "the mail arrives once the server is back")
            check_message(sink.envelopes[0], ADMIN, 0)
            time.sleep(1.5)
            assert len(sink.envelopes) == 1, "it came once"
        # One that takes connections and says nothing.
        with socket.socket() as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            silent.bind(("127.0.0.1", port))
            silent.listen()
            took = change(base, "the second password", "the third password")
            assert took < 5, took
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(10)
            assert time.monotonic() - began < 8
    log = (folder / "server.log").read_text()
    assert ADMIN not in "".join(line for line in log.splitlines() if "mail:" in line), log


for test in (command, encrypted, server):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        test(pathlib.Path(folder))
        print(f"ok  {test.__name__}", flush=True)
