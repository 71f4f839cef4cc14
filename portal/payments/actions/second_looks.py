"""What is asked once before it is recorded, as it is a slip more often than not: nothing of it is forbidden."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.payments import rules
from portal.payments.models import Payment, PaymentReversal
from portal.payments.rules import CannotRecord
from portal.shared import formats
from portal.shared.money import Money

_ONE_OF_A_KIND = ("cheque", "terminal", "bank_transfer")


class AskedFirst(CannotRecord):
    """answer: what the form brings back where this is meant; it stands for these very sums, and for no others."""

    def __init__(self, sentence: str, *, field: str, answer: str) -> None:
        super().__init__(sentence, field=field)
        self.answer = answer


def ask_about_rest(amount: Money, to_pay: Money, answers: Collection[str]) -> None:
    """More than is to pay now: a customer may have paid since the form was opened. Raises AskedFirst."""
    answer = f"{amount.minor}-{to_pay.minor}"
    if amount > to_pay and answer not in answers:
        rest = formats.money(amount - to_pay)
        open_now = f"Only {formats.money(to_pay)} is to pay now" if to_pay else "Nothing is to pay now"
        raise AskedFirst(
            f"{open_now}, and {formats.money(amount)} is written here. Change it, or tick that {rest} stays the"
            " customer's credit.", field="rest", answer=answer,
        )  # fmt: skip


def ask_about_reference(
    session: Session, customer_id: int, method: str, reference: str, answers: Collection[str]
) -> None:  # fmt: skip
    """One that a payment of this customer bears already. Raises AskedFirst."""
    if method not in _ONE_OF_A_KIND:
        return
    known = session.scalars(
        select(Payment)
        .where(
            Payment.customer_id == customer_id, Payment.provider == "offline", Payment.method == method,
            Payment.reference == rules.words_of(method, reference)[:100],
            Payment.id.not_in(select(PaymentReversal.payment_id)),
        )
        .order_by(Payment.id.desc())
        .limit(1)
    ).first()  # fmt: skip
    if known is not None and known.number not in answers:
        raise AskedFirst(
            f"{known.reference} is recorded already: {formats.money(known.taken)}, receipt {known.number}. Change it,"
            " or tick that this is another one.", field="another", answer=known.number,
        )  # fmt: skip
