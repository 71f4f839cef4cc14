"""Deposits that links ask for, as one of the things that can happen between Stripe, our rows and the books."""

import uuid
from random import Random

from portal.invoices.queries import get_invoice
from portal.payments.actions import withdraw_request
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session
from tests.builders import Firm, pay_address
from tests.paying import Till
from tests.portal.payments.test_deposit_links import Asked, ask, bill
from tests.portal.payments.test_deposits import take


class Deposits:
    """What one firm asks for before its jobs. debits: Sessions that a bank has under way, shared with the shop."""

    def __init__(self, till: Till, firm: Firm, random: Random, debits: list[str]) -> None:
        self.till, self.firm, self.random, self.debits = till, firm, random, debits
        self.asked: list[Asked] = []

    def ask(self) -> None:
        self.asked.append(ask(self.firm, self.random.choice([5000, 12345, 30000]), form_id=uuid.uuid4().hex))

    def pay(self) -> None:
        session_id = self._open()
        self._at(session_id, "pay")

    def owe(self) -> None:
        self.debits.append(self._open())
        self._at(self.debits[-1], "pay", card="bank")

    def leave_open(self) -> None:
        self._open()

    def take(self) -> None:
        take(self.firm, self._any().job_id, self.random.choice([1000, 5000]), form_id=uuid.uuid4().hex)

    def withdraw(self) -> None:
        one = self._any()
        withdraw_request(self.firm.organisation_id, one.job_id, one.request_id)

    def bill(self) -> tuple[int, str]:
        """The job's invoice and its page."""
        one = self._any()
        self.asked.remove(one)
        invoice_id = bill(self.firm, one.job_id)
        with job_session(self.firm.organisation_id) as session:
            return invoice_id, pay_address(session, get_invoice(session, invoice_id))

    def _any(self) -> Asked:
        if not self.asked:
            raise RuleBroken("none is asked for")
        return self.random.choice(self.asked)

    def _open(self) -> str:
        answer = self.till.tap_pay(self._any().path)
        if answer.status_code != 303 or "/c/" not in answer.headers["Location"]:
            raise RuleBroken("nothing to pay")
        return answer.headers["Location"].partition("?")[0].rpartition("/")[2]

    def _at(self, session_id: str, what: str, **wish: str) -> None:
        self.till.stand_in.control(f"sessions/{session_id}/{what}", **wish)
        self.till.stand_in.idle()
