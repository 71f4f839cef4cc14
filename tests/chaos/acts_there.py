"""What the bookkeeper does in Zoho's own pages meanwhile, and what an administrator here says about it.

Money is moved there on invoices of its own, which nobody here touches: where both sides pay, void or give up the same
invoice, no rule could say what is right, and people do (tests/portal/accounting/test_payments_back.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from portal.accounting.actions import try_all_again
from portal.accounting.pull import asking, decisions
from portal.accounting.pull.models import FIELD, GONE, TWICE, Question
from portal.invoices.models import Invoice
from portal.shared import clock
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, questions
from tests.portal.accounting.doings import credit, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm

OURS_OR_THEIRS = (asking.OURS, asking.THEIRS)
SAID = {FIELD: OURS_OR_THEIRS, TWICE: (asking.TWO,), GONE: (asking.AGAIN,)}


@dataclass
class Bookkeeper:
    """own: our id → number, of the invoices set apart for the bookkeeper; done: those on which a deed was done there;
    paid: payments made there that may be deleted there again; ever_paid: all that were; credited: credit notes over
    invoices of the bookkeeper's that may be voided there."""

    firm: LinkedFirm
    random: Random
    own: dict[int, str] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    paid: list[str] = field(default_factory=list)
    ever_paid: set[str] = field(default_factory=set)
    credited: list[str] = field(default_factory=list)
    deeds: int = 0

    def act(self) -> str:
        deed: Callable[[], None] = self.random.choices(
            (self._bill, self._rename, self._reprice, self._pay, self._void, self._write_off, self._delete,
             self._put_off, self._credit, self._void_credit, self.decide),
            weights=(3, 2, 2, 3, 1, 1, 1, 1, 2, 2, 4),
        )[0]  # fmt: skip
        self.deeds += 1
        deed()
        return f"there: {deed.__name__}"

    def decide(self) -> None:
        """Says something about an open question; where it cannot be done so, something else."""
        open_ = questions(self.firm)
        if open_:
            answer_question(self.firm, self.random.choice(open_), self.random)

    def answer_all(self) -> list[str]:
        """What was asked. What failed for good is tried again, as from the inbox: it fails again if it must."""
        open_ = questions(self.firm)
        for question in open_:
            answer_question(self.firm, question, self.random)
        with job_session(self.firm.organisation_id) as session:
            try_all_again(session)
        return [f"question {question.id}" for question in open_]

    def _bill(self) -> None:
        invoice = sent_invoice(self.firm)
        self.own[invoice.id] = invoice.number or ""

    def _rename(self) -> None:
        contact = self._any("contacts")
        if contact is not None:
            name = f"Oak {self.deeds} of {self.firm.organisation_id}"
            act(self.firm, f"PUT /contacts/{contact['contact_id']}", contact_name=name)

    def _reprice(self) -> None:
        item = self._any("items")
        if item is not None:
            act(self.firm, f"PUT /items/{item['item_id']}", rate=self.random.randint(1, 50_000) / 100)

    def _pay(self) -> None:
        invoice = self._untouched()
        if invoice is None:
            return
        amount = round(invoice["balance"] * self.random.choice((1, 0.5)), 2)
        made = act(
            self.firm, "POST /customerpayments", customer_id=invoice["customer_id"], payment_mode="check",
            amount=amount, reference_number=f"cheque {self.deeds}", date=_today(),
            invoices=[{"invoice_id": invoice["invoice_id"], "amount_applied": amount}],
        )  # fmt: skip
        self.paid.append(str(made["payment"]["payment_id"]))
        self.ever_paid.add(self.paid[-1])

    def _void(self) -> None:
        invoice = self._untouched()
        if invoice is not None:
            act(self.firm, f"POST /invoices/{invoice['invoice_id']}/status/void")

    def _write_off(self) -> None:
        invoice = self._untouched()
        if invoice is not None:
            act(self.firm, f"POST /invoices/{invoice['invoice_id']}/writeoff")

    def _put_off(self) -> None:
        """The customer is to have more time, as somebody there says."""
        invoice = self._untouched()
        if invoice is not None:
            act(self.firm, f"PUT /invoices/{invoice['invoice_id']}", due_date="2031-01-31")

    def _credit(self) -> None:
        """Half of one of the bookkeeper's invoices is taken back here, all of which lowers it."""
        invoice = self._untouched()
        if invoice is not None:
            own = next(each for each, number in self.own.items() if number == invoice["invoice_number"])
            with job_session(self.firm.organisation_id) as session:
                found = session.get_one(Invoice, own)
            self.credited.append(credit(self.firm, found, share="0.5").number)

    def _void_credit(self) -> None:
        """It is taken off its invoice there, and voided."""
        there = {each["creditnote_number"]: each for each in self.firm.there("creditnotes")}
        closed = [number for number in self.credited if there.get(number, {}).get("status") == "closed"]
        if not closed:
            return
        self.credited.remove(closed[0])
        note = str(there[closed[0]]["creditnote_id"])
        for each in self.firm.there("applications"):
            if (each["kind"], each["source_id"]) == ("creditnote", note):
                act(self.firm, f"DELETE /creditnotes/{note}/invoices/{each['application_id']}")
        act(self.firm, f"POST /creditnotes/{note}/status/void")

    def _delete(self) -> None:
        """A payment that came over; while it has not, nobody here ever knew of it."""
        known = {record.remote_id for record in self.firm.mirror("payment")}
        taken_over = [each for each in self.paid if each in known]
        if taken_over:
            self.paid.remove(taken_over[0])
            act(self.firm, f"DELETE /customerpayments/{taken_over[0]}")

    def _any(self, module: str) -> dict[str, Any] | None:
        """One that both sides know."""
        kind = {"contacts": "customer", "items": "item"}[module]
        known = {record.remote_id for record in self.firm.mirror(kind)}
        found = [one for one in self.firm.there(module) if one[f"{module[:-1]}_id"] in known]
        return self.random.choice(found) if found else None

    def _untouched(self) -> dict[str, Any] | None:
        """One of the bookkeeper's invoices that has arrived and is in step, on which nothing was done yet."""
        settled = {record.local_id for record in self.firm.mirror("invoice") if record.state == "in_step"}
        there = {one["invoice_number"]: one for one in self.firm.there("invoices") if one["status"] != "draft"}
        for own, number in self.own.items():
            if own in settled and own not in self.done and number in there:
                self.done.add(own)
                return there[number]
        return None


def answer_question(firm: LinkedFirm, question: Question, random: Random) -> None:
    """As brings both sides together."""
    with job_session(firm.organisation_id) as session:
        offered = [decision for decision, _ in asking.choices(session, question)]
    wanted = [one for one in SAID.get(question.kind, (asking.THEIRS,)) if one in offered]
    random.shuffle(wanted)
    for decision in (*wanted, *offered):
        try:
            with job_session(firm.organisation_id) as session:
                decisions.prepare(session, question.id, decision)
            with job_session(firm.organisation_id) as session:
                decisions.decide(
                    session, question.id, decision, by="Ada Admin", person_id=firm.firm.people["administrator"]
                )
        except RuleBroken:
            continue
        return


def _today() -> str:
    return clock.today("Europe/London").isoformat()
