"""Money that left Stripe although it had gone back another way: a row of its own, until a person has settled it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.messages.models import Message
from portal.payments.models import StripeEvent
from portal.payments.payouts.queries import not_paid_out
from portal.payments.queries import get_payment
from portal.payments.refunds.models import Refund
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import WHOLE, due
from tests.portal.payments.test_refunding import charge_of, give_back, paid

__all__ = ["paid"]


def parts(firm: Firm) -> list[tuple[str, str, int, int]]:
    with job_session(firm.organisation_id) as session:
        rows = session.scalars(select(Refund).order_by(Refund.id))
        return [(each.way, each.state, each.amount_minor, each.beyond_minor) for each in rows]


def left(firm: Firm, payment_id: int) -> int:
    with job_session(firm.organisation_id) as session:
        return get_payment(session, payment_id).use.left.minor


def mails(firm: Firm) -> list[str]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(Message.subject).where(Message.once.startswith("given-twice:"))))


@pytest.mark.parametrize(
    ("by_hand", "at_stripe", "fits"), [(WHOLE, WHOLE, 0), (20000, 20000, WHOLE - 20000), (20000, 3000, 3000)]
)
def test_what_goes_back_at_stripe_after_cash_is_told(
    till: Till, firm: Firm, paid: tuple[int, int], by_hand: int, at_stripe: int, fits: int
) -> None:
    give_back(firm, paid[0], by_hand, way="cash")
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=at_stripe)
    till.work(firm)
    till.work(firm)
    assert parts(firm) == [("cash", "succeeded", by_hand, 0), ("stripe", "succeeded", fits, at_stripe - fits)]
    assert left(firm, paid[0]) == WHOLE - by_hand - fits
    assert due(firm, paid[1]) == by_hand + fits
    assert bool(mails(firm)) == (at_stripe > fits)
    with job_session(firm.organisation_id) as session:
        went = [each.amount.minor for each in not_paid_out(session) if each.what == "given back"]
        assert went == [-at_stripe]


def test_what_went_back_twice_waits_until_somebody_has_settled_it(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    give_back(firm, paid[0], WHOLE, way="cash")
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=WHOLE)
    till.work(firm)
    client = sign_in(till.browser(), firm, "manager")
    assert mails(firm) == ["£235.80 went back twice"] * len(mails(firm)) and mails(firm)
    assert "Went back twice" in client.get("/board").text
    assert "say how it was settled" in client.get("/payments/disputes").text
    assert "£235.80 went back twice" in client.get(f"/invoices/{paid[1]}").text
    page = client.get(f"/payments/{paid[0]}").text
    assert "Not settled yet" in page and "Made at Stripe" in page
    refund_id = page.partition("/settlement")[0].rpartition("/")[2]
    settle = f"/payments/{paid[0]}/refunds/{refund_id}/settlement"
    answer = post(client, settle, {"how": ""})
    assert answer.status_code == 422 and "f-how-error" in answer.text
    assert post(client, settle, {"how": "brought back in cash"}).status_code == 303
    assert "brought back in cash" in client.get(f"/payments/{paid[0]}").text
    for place in ("/board", "/payments/disputes", f"/invoices/{paid[1]}"):
        assert "ent back twice" not in client.get(place).text


def test_a_bank_that_takes_what_was_given_back_in_cash_is_told(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    give_back(firm, paid[0], WHOLE, way="cash")
    opened = till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    assert parts(firm)[1] == ("dispute", "succeeded", 0, WHOLE)
    till.stand_in.control(f"disputes/{opened['id']}/close", outcome="won")
    till.work(firm)
    assert parts(firm)[1] == ("dispute", "failed", 0, WHOLE)
    assert "Went back twice" not in sign_in(till.browser(), firm, "manager").get(f"/payments/{paid[0]}").text


def test_a_refund_of_ours_that_stripe_refuses_leaves_room_for_theirs(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    """Somebody gives it all back at Stripe while ours is still on its way there."""
    give_back(firm, paid[0], 10000)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=WHOLE)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        session.execute(update(StripeEvent).values(next_try_at=clock.now() - timedelta(seconds=1)))
    till.work(firm)
    assert parts(firm) == [("stripe", "refused", 10000, 0), ("stripe", "succeeded", WHOLE, 0)]
