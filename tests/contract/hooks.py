"""How the contract run signs in. Operations that end or move a session get a new session
each time, of an account of their own; all others share one, which nothing ends."""

import functools
import os

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


@functools.cache
def shared():
    return sign_in("shared@example.com")


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
