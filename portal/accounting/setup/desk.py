"""Calls to the linked organisation while a person waits for the page: few, patient, with a token renewed once."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol

from sqlalchemy import func, update

from portal.accounting import tokens
from portal.accounting.models import Consent, Link
from portal.gateways.zoho.calls import Answer, Line, Quota, Target
from portal.gateways.zoho.errors import NotAuthorised, Refused
from portal.shared.running import job_session


class Caller(Protocol):
    """Whoever may call the linked organisation: the desk of a waiting person, or a worker's paced line."""

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]: ...


def page_of(caller: Caller, path: str, key: str, page: int, **query: str) -> tuple[list[dict[str, Any]], bool]:
    """One page of a list, and whether there is another. Raises GatewayError."""
    body = caller.call("GET", path, {"per_page": "200", "page": str(page), **query})
    return list(body.get(key, [])), bool(body.get("page_context", {}).get("has_more_page"))


class Desk:
    """An open line to one link's organisation; at the end the link remembers what Zoho said of the day's calls."""

    def __init__(self, link: Link, consent: Consent) -> None:
        self._link = link
        self._consent = consent
        self._line = Line(connect_s=3, answer_s=12)
        self._target = Target(tokens.centre_of(consent).api, link.product, link.remote_organisation_id)
        self._quota: Quota | None = None

    def __enter__(self) -> "Desk":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._line.__exit__()
        if self._quota is not None:
            self._remember(self._quota)

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The answer's body. Raises GatewayError."""
        of, consent_id = self._link.organisation_id, self._consent.id
        token = tokens.access_token(of, consent_id)
        try:
            return self._noted(self._line.call(self._target, token, method, path, query, body))
        except NotAuthorised:
            pass
        try:
            fresh = tokens.renew(of, consent_id, stale=token)
            return self._noted(self._line.call(self._target, fresh, method, path, query, body))
        except NotAuthorised as problem:
            raise Refused("57", "You are not authorized to perform this operation") from problem

    def _noted(self, answer: Answer) -> dict[str, Any]:
        self._quota = answer.quota or self._quota
        return answer.body

    def _remember(self, quota: Quota) -> None:
        with job_session(self._link.organisation_id) as session:
            session.execute(
                update(Link)
                .where(Link.id == self._link.id)
                .values(
                    quota_limit=quota.limit, quota_left=quota.left,
                    quota_resets_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, quota.resets_in_s),
                )
            )  # fmt: skip
