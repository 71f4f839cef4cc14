"""Edits, voids, refunds, write-offs, merges and deletions on either side, in any order and with answers lost between
them: once people have said what is asked, both sides hold the same, to the cent, and nothing is there twice."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest

from portal.accounting.actions import try_all_again
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking, decisions
from portal.accounting.pull.models import MERGED
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session
from tests.builders import Firm
from tests.chaos.acts_there import answer_question
from tests.faults.test_mirror_order import reprice
from tests.portal.accounting.both_ways import act, both_ways, let_time_pass, look, questions
from tests.portal.accounting.doings import credit, give_back, pay, rename, reverse, sent_invoice, void, write_off
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho
from tests.portal.accounting.test_mirror_money_law import ours, theirs
from tests.portal.accounting.test_payments_back import paid_there
from tests.portal.accounting.test_reconciling import reconcile

__all__ = ["zoho"]
MODULES = ("customer", "item", "invoice", "payment", "credit_note")
MOST_ROUNDS = 8


class BothSides:
    """One firm and its books; of each kind of deed an invoice of its own, as money that both move needs a person."""

    def __init__(self, linked: LinkedFirm, random: Random) -> None:
        self.linked, self.random, self.paid_there = linked, random, ""
        names = ("void here", "void there", "void on both", "given back", "reversed", "paid there", "given up there",
                 "given up here", "credited")  # fmt: skip
        self.invoices = {name: sent_invoice(linked) for name in names}
        self.overpaid = pay(linked, self.invoices["given back"], 30000, applied=23580, method="cheque")
        self.bounced = pay(linked, self.invoices["reversed"], method="cheque")
        credit(linked, self.invoices["credited"], share="0.37")
        both_ways(linked, *MODULES)
        act(linked, "POST /contacts", contact_name="Maple Group")
        look(linked)

    def deeds(self) -> dict[str, Callable[[], object]]:
        ids = {name: invoice.id for name, invoice in self.invoices.items()}
        return {
            "edit here": lambda: rename(self.linked, "Maple here"), "edit there": self.edit_there,
            "price here": lambda: reprice(self.linked, 77), "price there": self.price_there,
            "void here": lambda: void(self.linked, ids["void here"]),
            "void there": lambda: self.there("POST", "void there", "/status/void"),
            "void on both, here": lambda: void(self.linked, ids["void on both"]),
            "void on both, there": lambda: self.there("POST", "void on both", "/status/void"),
            "write off here": lambda: write_off(self.linked, ids["given up here"]),
            "write off there": lambda: self.there("POST", "given up there", "/writeoff"),
            "refund here": lambda: give_back(self.linked, self.overpaid, 1234, way="cash"),
            "refund there": self.refund_there, "reverse here": lambda: reverse(self.linked, self.bounced),
            "pay there": self.pay_there, "delete the payment there": self.delete_there, "merge there": self.merge_there,
            "void the credit note there": self.void_note_there, "due day there": self.due_day_there,
            "books": self.books, "books again": self.books, "books once more": self.books,
        }  # fmt: skip

    def there(self, method: str, name: str, path: str = "", **body: object) -> None:
        """Somebody does it in Zoho's pages, to the invoice of this name."""
        number = self.invoices[name].number
        (found,) = (each for each in self.linked.there("invoices") if each["invoice_number"] == number)
        act(self.linked, f"{method} /invoices/{found['invoice_id']}{path}", **body)

    def edit_there(self) -> None:
        contact = self.linked.there("contacts")[0]
        act(self.linked, f"PUT /contacts/{contact['contact_id']}", contact_name="Maple there")

    def price_there(self) -> None:
        item = self.linked.there("items")[0]
        act(self.linked, f"PUT /items/{item['item_id']}", rate=88)

    def refund_there(self) -> None:
        payment = next(each for each in self.linked.there("customerpayments") if each["unused_amount"] > 0)
        act(self.linked, f"POST /customerpayments/{payment['payment_id']}/refunds", date="2026-03-02", amount=10.01,
            refund_mode="cash", from_account_id=payment.get("account_id", ""))  # fmt: skip

    def pay_there(self) -> None:
        self.paid_there = paid_there(self.linked, self.invoices["paid there"], 100.01)

    def delete_there(self) -> None:
        """One that has come over."""
        if self.paid_there and self.paid_there in {each.remote_id for each in self.linked.mirror("payment")}:
            act(self.linked, f"DELETE /customerpayments/{self.paid_there}")

    def merge_there(self) -> None:
        first, second = self.linked.there("contacts")
        act(self.linked, f"POST /contacts/{first['contact_id']}/merge", contact_id=second["contact_id"])

    def void_note_there(self) -> None:
        (note,) = self.linked.there("creditnotes")
        for each in self.linked.there("applications"):
            if each["kind"] == "creditnote":
                act(self.linked, f"DELETE /creditnotes/{note['creditnote_id']}/invoices/{each['application_id']}")
        act(self.linked, f"POST /creditnotes/{note['creditnote_id']}/status/void")

    def due_day_there(self) -> None:
        self.there("PUT", "credited", due_date="2027-01-31")

    def books(self) -> None:
        """The workers have their turn, and one answer gets lost."""
        kind = self.random.choice(["cut_after", "error_500_before", "error_500_after"])
        self.linked.zoho.break_down(kind, method=self.random.choice(["POST", "PUT", "GET"]))
        look(self.linked)
        self.linked.zoho.mend()

    def settle(self) -> None:
        """Until nothing is asked and nothing waits: people answer, and try again what was refused."""
        for _ in range(MOST_ROUNDS):
            let_time_pass(self.linked)
            drain(self.linked.organisation_id)
            was_asked = self.answer()
            drifts = reconcile(self.linked)  # which alone finds what is gone there: it is asked about afterwards
            look(self.linked)
            if not (was_asked or drifts or questions(self.linked)):
                return

    def answer(self) -> bool:
        open_ = questions(self.linked)
        for question in open_:
            if question.field == MERGED:
                with job_session(self.linked.organisation_id) as session:
                    decisions.decide(session, question.id, asking.JOIN, by="Ada",
                                     person_id=self.linked.firm.people["administrator"])  # fmt: skip
            else:
                answer_question(self.linked, question, self.random)
        with job_session(self.linked.organisation_id) as session:
            try_all_again(session)
        return bool(open_)


@pytest.mark.parametrize(("seed", "product"), [(1, "books"), (2, "invoice")])
def test_whatever_was_done_on_either_side_in_whatever_order(
    zoho: ZohoStandIn, firm: Firm, seed: int, product: str
) -> None:
    zoho.mend()
    random = Random(seed)
    sides = BothSides(connect(zoho, firm, product=product), random)
    deeds = sides.deeds()
    order = random.sample(list(deeds), len(deeds))
    for name in order:
        with suppress(RuleBroken):  # not possible as things stand, and a person reads why
            deeds[name]()
    sides.settle()
    linked = sides.linked
    assert [(each.field, each.facts) for each in questions(linked)] == [], order
    assert [(one.module, one.state, one.last_error) for one in linked.mirror() if one.state != "in_step"] == [], order
    assert in_the_books(linked) == ours(linked), order
    assert names_and_prices(linked), order
    assert [(drift.cause, drift.label) for drift in reconcile(linked)] == [], order


def in_the_books(linked: LinkedFirm) -> tuple[dict[str, Decimal], dict[str, Decimal], dict[str, Decimal]]:
    """A void one keeps its sum there, and asks for nothing and is worth nothing."""
    balances, unused, kept = theirs(linked)
    void_there = {str(each["invoice_id"]) for each in linked.there("invoices") if each["status"] == "void"}
    void_there |= {str(each["creditnote_id"]) for each in linked.there("creditnotes") if each["status"] == "void"}

    def in_force(sums: dict[str, Decimal]) -> dict[str, Decimal]:
        return {at: Decimal(0) if at in void_there else each for at, each in sums.items()}

    return in_force(balances), unused, in_force(kept)


def names_and_prices(linked: LinkedFirm) -> bool:
    with job_session(linked.organisation_id) as session:
        names = {each.name for each in session.query(Customer)}
        prices = {each.code: each.unit_price for each in session.query(Item)}
    assert {each["contact_name"] for each in linked.there("contacts")} <= names
    return {each["sku"]: Decimal(str(each["rate"])) for each in linked.there("items")} == prices
