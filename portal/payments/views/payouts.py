"""What Stripe pays out to the firm's bank, and of which payments it is made."""

from collections import defaultdict

from flask import render_template, request, url_for

from portal.payments.payouts import queries
from portal.payments.queries import live_account
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.money import Money
from portal.shared.text import id_from
from portal.shared.web import request_session

_PAGE_SIZE = 50


@bp.get("/payments/payouts")
@allow("see_board")
def payouts() -> str:
    session = request_session()
    before = id_from(request.args.get("before", ""))
    found = queries.list_payouts(session, before=before, most=_PAGE_SIZE + 1)
    shown = found[:_PAGE_SIZE]
    older = url_for("payments.payouts", before=shown[-1].payout.id) if len(found) > _PAGE_SIZE else ""
    waiting = queries.not_paid_out(session) if before is None else []
    return render_template(
        "payments/payouts.html", payouts=shown, older_url=older, waiting=waiting, sums=_sums(waiting),
        newest_url=url_for("payments.payouts") if before is not None else "", account=live_account(session),
    )  # fmt: skip


@bp.get("/payments/payouts/<int:payout_id>")
@allow("see_board")
def show_payout(payout_id: int) -> str:
    listed, groups = queries.get_payout(request_session(), payout_id)
    return render_template("payments/payout.html", listed=listed, payout=listed.payout, groups=groups)


def _sums(waiting: list[queries.Waiting]) -> list[Money]:
    """Of each currency."""
    found: dict[str, Money] = defaultdict(lambda: Money.zero("XXX"))
    for each in waiting:
        currency = each.amount.currency
        found[currency] = found.get(currency, Money.zero(currency)) + each.amount
    return list(found.values())
