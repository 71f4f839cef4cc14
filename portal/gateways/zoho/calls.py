"""One call to Books or Invoice, and what came back. The only code that carries an access token to Zoho."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from portal.gateways.zoho import wire
from portal.gateways.zoho.errors import Unanswered, Unreachable, error_for
from portal.gateways.zoho.punctual import not_after, open_session

_LARGEST_ANSWER = 8_000_000


@dataclass(frozen=True)
class Product:
    """What one of the two products can do. Books and Invoice share one API but for these."""

    name: str
    base_path: str
    scope_prefix: str
    has_accounts: bool
    has_upsert: bool


PRODUCTS = {
    "books": Product("Zoho Books", "/books/v3", "ZohoBooks", has_accounts=True, has_upsert=True),
    "invoice": Product("Zoho Invoice", "/invoice/v3", "ZohoInvoice", has_accounts=False, has_upsert=False),
}


@dataclass(frozen=True)
class Target:
    """Whose records a call is about. `organisation` is empty for calls that name none."""

    api: str
    product: str
    organisation: str = ""


@dataclass(frozen=True)
class Quota:
    """The day's calls as Zoho's headers tell them."""

    limit: int
    left: int
    resets_in_s: int


@dataclass(frozen=True)
class File:
    """A PDF to attach. Zoho takes files as multipart only."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Answer:
    body: dict[str, Any]
    quota: Quota | None


class Line:
    """An open line to Zoho: kept connections and limits of patience, in seconds."""

    def __init__(self, *, connect_s: float = 5, answer_s: float = 25) -> None:
        self._session = open_session()
        self._patience = (connect_s, answer_s)
        self._answer_s = answer_s

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_problem: object) -> None:
        self._session.close()

    def call(
        self, target: Target, token: str, method: str, path: str, query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None, *, until: float | None = None, file: File | None = None,
    ) -> Answer:  # fmt: skip
        """Zoho's answer to one request. Raises the errors of portal.gateways.zoho.errors.

        until  after this moment of time.monotonic() nothing is sent, and TooLate is raised
        """
        url = target.api + PRODUCTS[target.product].base_path + path
        headers, params = _naming(target, query)
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json;charset=UTF-8"
            data = wire.encode(body).encode()
        files = {"attachment": (file.name, file.content, "application/pdf")} if file else None
        with not_after(until):
            status, answer_headers, text = self._exchange(method, url, params, headers, data, files, _Bearer(token))
        return read_answer(status, answer_headers, text)

    def _exchange(
        self, method: str, url: str, params: dict[str, str], headers: dict[str, str], data: bytes | None,
        files: dict[str, tuple[str, bytes, str]] | None, auth: AuthBase,
    ) -> tuple[int, Mapping[str, str], str]:  # fmt: skip
        deadline = time.monotonic() + self._answer_s
        try:
            with self._session.request(
                method, url, params=params, headers=headers, data=data, files=files, auth=auth,
                timeout=self._patience, allow_redirects=False, stream=True,
            ) as response:  # fmt: skip
                return response.status_code, response.headers, _read(response, deadline)
        except requests.RequestException as problem:
            raise not_delivered(problem) from problem


def read_answer(status: int, headers: Mapping[str, str], text: str) -> Answer:
    """The answer, or the error it stands for."""
    quota = _quota(headers)
    try:
        body = wire.decode(text)
        code = str(body["code"])
    except (ValueError, KeyError, TypeError) as problem:
        raise error_for(status, "", "", None) if status >= 400 else Unanswered("no JSON") from problem
    if status >= 300 or code != "0":
        raise error_for(status, code, str(body.get("message", "")), quota.resets_in_s if quota else None)
    return Answer(body, quota)


def not_delivered(problem: requests.RequestException) -> Unreachable | Unanswered:
    """No connection at all is harmless; anything later leaves open what Zoho did."""
    reason = problem.args[0] if problem.args else None
    refused = isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)
    if refused or isinstance(problem, requests.ConnectTimeout):
        return Unreachable()
    return Unanswered(type(problem).__name__)


class _Bearer(AuthBase):
    """Zoho's own scheme. Given as `auth`, because a .netrc entry would silently replace a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = f"Zoho-oauthtoken {self._token}"
        return prepared


def _naming(target: Target, query: Mapping[str, str] | None) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and query that name the organisation: Books documents one way, Invoice the other, both take both."""
    headers, params = {"Accept": "application/json"}, dict(query or {})
    if target.organisation:
        headers["X-com-zoho-invoice-organizationid"] = target.organisation
        params["organization_id"] = target.organisation
    return headers, params


def _read(response: requests.Response, deadline: float) -> str:
    """The whole body. The library's time-out is for each piece; this one is for all of them."""
    pieces, size = [], 0
    for piece in response.iter_content(65536):
        pieces.append(piece)
        size += len(piece)
        if size > _LARGEST_ANSWER or time.monotonic() > deadline:
            raise Unanswered("too much or too slow")
    return b"".join(pieces).decode("utf-8", "replace")


def _quota(headers: Mapping[str, str]) -> Quota | None:
    names = ("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset")
    told = [headers.get(name, "") for name in names]
    if not all(value.isdecimal() for value in told):
        return None
    return Quota(*map(int, told))
