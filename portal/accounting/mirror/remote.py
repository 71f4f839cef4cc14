"""The linked organisation, called within its budget with a token that works."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from portal.accounting import tokens
from portal.accounting.mirror import budget
from portal.accounting.mirror.lease import LENGTH, LeaseLost, Turn
from portal.accounting.mirror.modules import Module
from portal.gateways.zoho.calls import Answer, File, Line, Target
from portal.gateways.zoho.errors import (
    ConsentLost,
    Misconfigured,
    NotAuthorised,
    Refused,
    Throttled,
    Unanswered,
    Unreachable,
)
from portal.gateways.zoho.punctual import TooLate

# What stops the whole organisation for a while. When one of these is raised, Zoho has done nothing.
STOPS = (budget.BudgetEmpty, Throttled, ConsentLost, Misconfigured, Unreachable)
_MOST_PAGES = 50
_TOKEN_KEPT_S = 30  # of the five minutes that it has left at least


class Remote:
    """One drainer's line to its organisation."""

    def __init__(self, turn: Turn, line: Line) -> None:
        self._turn = turn
        self._line = line
        self._target = Target(turn.centre.api, turn.product, turn.remote_organisation)
        self._told_left: int | None = None
        self._token, self._token_until = "", time.monotonic()

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None,
        file: File | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """The answer's body. A dead token is renewed once. Raises the gateway's errors, BudgetEmpty, LeaseLost."""
        try:
            token = self._working_token()
        except Unanswered as problem:
            raise Unreachable from problem  # it was the accounts server: the call itself never went out
        try:
            return self._paid(token, method, path, query, body, file)
        except NotAuthorised:
            return self._with_newer_token(token, method, path, query, body, file)

    def rows(self, module: Module, reference: str) -> Iterator[dict[str, Any]]:
        """What a search by our reference finds, page by page."""
        query = module.query(reference)
        for page in range(1, _MOST_PAGES + 1):
            body = self.call("GET", module.path, query | {"page": str(page)})
            yield from body.get(module.list_key, [])
            if not body.get("page_context", {}).get("has_more_page"):
                return

    def detail(self, module: Module, remote_id: str) -> dict[str, Any]:
        record: dict[str, Any] = self.call("GET", f"{module.path}/{remote_id}")[module.key]
        return record

    def _working_token(self) -> str:
        """Read and opened once in a while: it has minutes to live. One that was replaced meanwhile is refused there;
        whether we may call at all is asked before each call."""
        if time.monotonic() >= self._token_until:
            self._token = tokens.access_token(self._turn.organisation_id, self._turn.consent_id)
            self._token_until = time.monotonic() + _TOKEN_KEPT_S
        return self._token

    def _with_newer_token(self, stale: str, *asked: Any) -> dict[str, Any]:
        try:
            self._token_until = time.monotonic()  # it is read anew
            token = tokens.renew(self._turn.organisation_id, self._turn.consent_id, stale=stale)
            if token == stale and not self._is_let_in(token):  # young, and dead all the same
                token = tokens.renew(self._turn.organisation_id, self._turn.consent_id, stale=stale, is_dead=True)
            return self._paid(token, *asked)
        except NotAuthorised as problem:
            # A fresh token was refused, too: the user lacks the right, and no other token will change that.
            raise Refused("57", "You are not authorized to perform this operation") from problem

    def _is_let_in(self, token: str) -> bool:
        """Zoho says of a permission that was taken away what it says of a right that is missing. Every user may see
        the organisations."""
        try:
            self._paid(token, "GET", "/organizations", None, None, None)
        except NotAuthorised:
            return False
        return True

    def _paid(self, token: str, method: str, path: str, query: Any, body: Any, file: File | None) -> dict[str, Any]:
        until = time.monotonic() + LENGTH.total_seconds() / 2
        budget.take(self._turn)
        try:
            answer: Answer = self._line.call(self._target, token, method, path, query, body, until=until, file=file)
        except TooLate as problem:
            # This process was frozen in between. Another one may be at it by the time the call would arrive.
            raise LeaseLost(self._turn.link_id) from problem
        self._note_quota(answer)
        return answer.body

    def _note_quota(self, answer: Answer) -> None:
        """Written now and then: the figure is a warning, not an account."""
        quota = answer.quota
        if quota is None:
            return
        if self._told_left is None or abs(self._told_left - quota.left) >= 10 or quota.left < quota.limit // 10:
            budget.remember_quota(self._turn, quota)
            self._told_left = quota.left
