"""A new Zoho Invoice organisation, made through the API; where Zoho refuses, people make it by hand and we find it."""

import re

from portal.accounting import link, rules, tokens
from portal.accounting.models import Consent
from portal.gateways.zoho.calls import Line, Target
from portal.gateways.zoho.errors import Refused, Unanswered
from portal.organisations.models import Organisation

PRODUCT = "invoice"
_LONGEST_PORTAL, _SHORTEST_PORTAL = 30, 5


class CannotCreate(link.CannotLink):
    """Zoho does not let us make it: by hand, then look again."""


def find_or_create(consent: Consent, organisation: Organisation, name: str) -> rules.Candidate:
    """The organisation of that name, made unless it is there already. Calls Zoho. Raises CannotCreate, GatewayError.

    Looked for first, so that a second press, or one after a lost answer, makes no second one.
    """
    found = _find(consent, organisation, name)
    if found is not None:
        return found
    try:
        _create(consent, organisation, name)
    except Refused as problem:
        found = _find(consent, organisation, name)  # another press may have been quicker
        if found is None:
            raise CannotCreate(f"Zoho does not let the portal make an organisation. {problem.words}") from problem
        return found
    except Unanswered:
        pass  # it may be there all the same: the list says
    found = _find(consent, organisation, name)
    if found is None:
        raise CannotCreate("Zoho has not made the organisation. Make it by hand as told below, then look again.")
    return found


def is_empty(consent: Consent, candidate: rules.Candidate) -> bool:
    """Does it hold no customer and no item yet? Calls Zoho twice. Raises GatewayError."""
    token = tokens.access_token(consent.organisation_id, consent.id)
    target = Target(tokens.centre_of(consent).api, candidate.product, candidate.id)
    with Line(connect_s=3, answer_s=8) as line:
        answers = [
            line.call(target, token, "GET", path, {"per_page": "1", "filter_by": "Status.All"}).body[key]
            for path, key in (("/contacts", "contacts"), ("/items", "items"))
        ]
    return not any(answers)


def portal_name(name: str, organisation_id: int) -> str:
    """5 to 30 letters and digits, unique across Zoho: the name's own, with our number behind."""
    tail = str(organisation_id)
    letters = re.sub("[^a-z0-9]", "", name.lower())[: _LONGEST_PORTAL - len(tail)]
    return (letters + tail).rjust(_SHORTEST_PORTAL, "f")


def _find(consent: Consent, organisation: Organisation, name: str) -> rules.Candidate | None:
    offered = link.offered(consent.organisation_id, consent, organisation.currency)
    same = [each for each in offered.candidates if each.name == name and each.product == PRODUCT and not each.obstacle]
    return same[0] if same else None


def _create(consent: Consent, organisation: Organisation, name: str) -> None:
    token = tokens.access_token(consent.organisation_id, consent.id)
    body = {
        "name": name,
        "currency_code": organisation.currency,
        "time_zone": organisation.time_zone,
        "portal_name": portal_name(name, organisation.id),
        "language_code": "en",
        "address": {"country": organisation.country},
    }
    with Line(connect_s=3, answer_s=15) as line:
        line.call(Target(tokens.centre_of(consent).api, PRODUCT), token, "POST", "/organizations", body=body)
