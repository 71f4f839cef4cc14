"""Whether the organisation that is to be linked answers at all, and keeps its books as we bill."""

from datetime import timedelta

from portal.accounting import rules, tokens
from portal.accounting.link import CannotLink, patient_line
from portal.accounting.models import Consent, Link
from portal.gateways.zoho.calls import Quota, Target
from portal.gateways.zoho.errors import SWITCHED_OFF, Throttled
from portal.shared import clock
from portal.shared.money import decimals_of


class SwitchedOff(CannotLink):
    """Zoho lets nobody into that organisation."""


def check_base_currency(organisation_id: int, consent: Consent, candidate: rules.Candidate) -> Quota | None:
    """One cheap call that proves the organisation answers, and in which currency it keeps its books. What Zoho says of
    the day's calls. Raises SwitchedOff, CannotLink, GatewayError."""
    token = tokens.access_token(organisation_id, consent.id)
    target = Target(tokens.centre_of(consent).api, candidate.product, candidate.id)
    try:
        with patient_line() as line:
            answer = line.call(target, token, "GET", "/settings/currencies")
    except Throttled as problem:
        if problem.code != SWITCHED_OFF:
            raise
        raise SwitchedOff(
            f"Zoho has switched {candidate.name} off: its trial or plan has ended. Renew it in Zoho first."
        ) from problem
    base = [each for each in answer.body["currencies"] if each.get("is_base_currency")]
    if base and base[0]["currency_code"] != candidate.currency:
        raise CannotLink(
            f"{candidate.name} keeps its books in {base[0]['currency_code']}. "
            "Choose an organisation in your own currency."
        )
    if base and not rules.counts_alike(candidate.currency, base[0].get("price_precision")):
        raise CannotLink(
            f"{candidate.name} keeps {candidate.currency} with {base[0]['price_precision']} decimals, and the portal "
            f"with {decimals_of(candidate.currency)}. Change the decimals in Zoho, under Settings, Currencies."
        )
    return answer.quota


def note_quota(link: Link, quota: Quota | None) -> None:
    """So that the meter of the day's calls is there from the first page on. Does not commit."""
    if quota is not None:
        link.quota_limit, link.quota_left = quota.limit, quota.left
        link.quota_resets_at = clock.now() + timedelta(seconds=quota.resets_in_s)
