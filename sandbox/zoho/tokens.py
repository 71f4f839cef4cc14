"""OAuth: codes, refresh tokens and access tokens, with their lifetimes and ceilings."""

import secrets
import time
from collections import defaultdict, deque
from threading import Lock

from .store import Store
from .wire import Record

CODE_S = 60
ACCESS_S = 3600
MOST_ACCESS = 10  # live access tokens per refresh token
MOST_REFRESH = 20  # refresh tokens per user and client
THROTTLE_S = 600
THROTTLE_MOST = 10  # token requests in that time
CODES, REFRESH, ACCESS = "codes", "refreshtokens", "accesstokens"


class OAuthError(Exception):
    """Zoho answers most of these with HTTP 200 and an `error` key."""


class Throttle:
    """Ten token requests in ten minutes, counted per grant: per refresh token, or per client and user."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self.most: int | None = THROTTLE_MOST

    def allows(self, key: str) -> bool:
        with self._lock:
            recent = self._recent[key]
            while recent and not 0 <= time.time() - recent[0] < THROTTLE_S:
                recent.popleft()
            if self.most is not None and len(recent) >= self.most:
                return False
            recent.append(time.time())
            return True

    def reset(self, most: int | None) -> None:
        with self._lock:
            self.most = most
            self._recent.clear()


def fresh() -> str:
    return f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"


def issue_code(store: Store, *, client_id: str, user: Record, scope: list[str], asked: Record) -> str:
    """`asked` holds redirect_uri and whether a refresh token was asked for (`offline`)."""
    code = fresh()
    record = {"code": code, "client_id": client_id, "user_id": user["user_id"], "dc": user["dc"], "scope": scope,
              "expires_at": time.time() + CODE_S, **asked}  # fmt: skip
    store.put("", CODES, code, record)
    return code


def redeem_code(store: Store, code: str, *, client_id: str, dc: str, redirect_uri: str) -> Record:
    """Use a code up. Raises OAuthError."""
    record = store.peek("", CODES, code)
    if record is None or record["client_id"] != client_id or record["dc"] != dc:
        raise OAuthError("invalid_code")
    if record["redirect_uri"] != redirect_uri:
        raise OAuthError("invalid_redirect_uri")
    store.remove("", CODES, code)
    if record["expires_at"] < time.time():
        raise OAuthError("invalid_code")
    return record


def issue_refresh_token(store: Store, *, client_id: str, user_id: str, dc: str, scope: list[str]) -> str:
    """The 21st of a user and client silently ends the oldest, in use or not."""
    siblings = [row for row in store.all("", REFRESH)
                if row["client_id"] == client_id and row["user_id"] == user_id]  # fmt: skip
    for oldest in siblings[: max(0, len(siblings) - MOST_REFRESH + 1)]:
        revoke(store, oldest["refresh_token"])
    token = fresh()
    record = {"refresh_token": token, "client_id": client_id, "user_id": user_id, "dc": dc, "scope": scope}
    store.put("", REFRESH, token, record)
    return token


def issue_access_token(store: Store, grant: Record) -> str:
    """`grant` is a refresh token's record, or a code's when no refresh token was asked for."""
    parent = grant.get("refresh_token", "")
    siblings = [row for row in store.all("", ACCESS) if parent and row["refresh_token"] == parent]
    for oldest in siblings[: max(0, len(siblings) - MOST_ACCESS + 1)]:
        store.remove("", ACCESS, oldest["access_token"])
    token = fresh()
    record = {"access_token": token, "refresh_token": parent, "user_id": grant["user_id"], "dc": grant["dc"],
              "scope": grant["scope"], "expires_at": time.time() + ACCESS_S}  # fmt: skip
    store.put("", ACCESS, token, record)
    return token


def revoke(store: Store, refresh_token: str) -> bool:
    """End a refresh token and the access tokens made from it. False when it's unknown."""
    if store.peek("", REFRESH, refresh_token) is None:
        return False
    store.remove("", REFRESH, refresh_token)
    for row in store.all("", ACCESS):
        if row["refresh_token"] == refresh_token:
            store.remove("", ACCESS, row["access_token"])
    return True


def live_access_token(store: Store, token: str, dc: str) -> Record | None:
    record = store.peek("", ACCESS, token)
    if record is None or record["dc"] != dc or record["expires_at"] < time.time():
        return None
    return record


def expire_access_tokens(store: Store, user_id: str | None = None) -> int:
    """End all access tokens now, or one user's. Refresh tokens stay. Returns how many."""
    doomed = [row["access_token"] for row in store.all("", ACCESS) if user_id in (None, row["user_id"])]
    for token in doomed:
        store.remove("", ACCESS, token)
    return len(doomed)
