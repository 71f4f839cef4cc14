"""How much is in each organisation that may be linked, so that nobody chooses an empty one by mistake."""

from collections.abc import Iterable

from portal.accounting import rules, tokens
from portal.accounting.models import Consent
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.calls import Line, Target

_MOST_ASKED = 6  # each costs a call while a person waits
_PAGE = 200


def customers_in(consent: Consent, candidates: Iterable[rules.Candidate]) -> dict[str, str]:
    """Organisation → "12 customers". Calls Zoho once for each; one that does not answer is left out."""
    token = tokens.access_token(consent.organisation_id, consent.id)
    api = tokens.centre_of(consent).api
    asked = [each for each in candidates if not each.obstacle][:_MOST_ASKED]
    said: dict[str, str] = {}
    with Line(connect_s=2, answer_s=4) as line:
        for each in asked:
            query = {"per_page": str(_PAGE), "filter_by": "Status.Active", "contact_type": "customer"}
            try:
                body = line.call(Target(api, each.product, each.id), token, "GET", "/contacts", query).body
            except GatewayError:
                continue
            is_more = bool(body.get("page_context", {}).get("has_more_page"))
            said[each.id] = _words(len(body.get("contacts", [])), is_more=is_more)
    return said


def _words(count: int, *, is_more: bool) -> str:
    if is_more:
        return f"more than {count} customers"
    return "no customers yet" if count == 0 else "1 customer" if count == 1 else f"{count} customers"
