"""How the contract run signs in. Operations that end or move a session get a new session
each time, of an account of their own; all others share one, which is begun anew where it has ended
or its token was outdated."""

import os
import subprocess
from urllib.parse import unquote

import requests
import schemathesis

BASE_URL = os.environ["BASE_URL"]
PASSWORD = os.environ["PASSWORD"]

# Whatever ends a session, moves its counter, or needs the id of one that may be ended.
OWN_SESSION = {
    "logout",
    "listSessions",
    "endOtherSessions",
    "endSession",
    "exchange",
    "exchangeByPost",
    "oispSignOut",
    "oispRefreshToken",
    "oispRefresh",
    # What these take away outdates the token.
    "deleteOrganization",
    "leaveOrganization",
    "changeMember",
    "removeMember",
    "changeOrganizationRole",
    "oispDeleteAccount",
    "oispChangeUser",
}

session = requests.Session()
session.trust_env = False


def sign_in(email):
    answer = session.post(
        f"{BASE_URL}/v1/api/auth/token",
        json={"username": email, "password": PASSWORD},
        timeout=20,
    )
    answer.raise_for_status()
    return answer.json()["token"]


shared_token = None


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def shared():
    global shared_token
    path = f"{BASE_URL}/auth/verify"
    if session.get(path, headers=bearer(shared_token), timeout=20).status_code != 200:
        shared_token = sign_in("shared@example.com")
    return shared_token


@schemathesis.hook
def after_call(context, case, response):
    """Where a second factor was asked for it is asked for no more: a session without one opens
    nothing but what switches one on, and so would that of all others."""
    is_asked = isinstance(case.body, dict) and case.body.get("mfaRequiredFrom") is not None
    if is_asked and response.status_code == 200:
        kind, name = case.formatted_path.split("/")[-2:]
        kind = {"organizations": "org", "roles": "role"}[kind]
        command = [os.environ["KEYWARD"], kind, "demand-factor", "--never", unquote(name)]
        # Alone: names of settings that it does not know, it refuses.
        settings = {"DATABASE_URL": os.environ["DATABASE_URL"]}
        subprocess.run(command, env=settings, check=True, timeout=20, stdout=subprocess.DEVNULL)


@schemathesis.auth(refresh_interval=None)
class Token:
    def get(self, case, context):
        operation = case.operation.definition.raw
        if operation.get("security") == []:
            return None
        # Whether a token is needed the document says, and it signs in, registers and refreshes without one.
        if "graphql" in operation["operationId"].lower():
            return None
        if operation["operationId"] in OWN_SESSION:
            return sign_in("own@example.com")
        if operation["operationId"] == "adminReplaceCompromisedKeys":
            return sign_in("shared@example.com")
        return shared()

    def set(self, case, data, context):
        if data is not None:
            case.headers = case.headers or {}
            case.headers["Authorization"] = f"Bearer {data}"
