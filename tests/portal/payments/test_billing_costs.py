"""What a paid invoice costs the database, from the tap on Send to the receipt."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.gateways.stripe_gateway import Checkout, Receipt
from portal.invoices import actions as invoicing
from portal.invoices import sending
from portal.organisations.models import Organisation
from portal.payments.actions.attempts import plan_attempt
from portal.payments.actions.settlement import settle
from portal.payments.models import PaymentAttempt, StripeAccount
from portal.people.sign_in import Viewer
from portal.shared import clock
from portal.shared.running import here, job_session
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_invoice, make_work_order, sign_in
from tests.paying import Till


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(here().engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(here().engine, "before_cursor_execute", note)


def bill(firm: Firm, work_order_id: int, viewer: Viewer) -> int:
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        job = get_work_order(session, work_order_id, viewer, lock=True)
        raised = invoicing.raise_invoice(
            session, organisation, job, [line.id for line in job.lines], form_id=None, raised_by=None
        )
        invoicing.issue_invoice(session, organisation, raised.invoice, reckoned_on=raised.reckoned_on)
        sending.send_invoice(session, organisation, raised.invoice, sent_by=None, email="a@b.example", is_first=True)
        return raised.invoice.id


def paid(firm: Firm, invoice_id: int) -> tuple[int, Checkout]:
    """An attempt, and what Stripe says of it afterwards."""
    with job_session(firm.organisation_id) as session:
        own = firm.organisation_id
        key = here().settings.vault.seal("rk_test_costs", organisation_id=own, purpose="stripe_key")
        session.add(StripeAccount(organisation_id=own, key_sealed=key, remote_id="acct_1",
                                  is_live=False, endpoint_key=f"key-{own}"))  # fmt: skip
        session.flush()
        plan = plan_attempt(session, invoice_id)
        amount = session.get_one(PaymentAttempt, plan.attempt_id).amount
    receipt = Receipt(f"pi_{plan.attempt_id}", amount, "card", "Visa ending 4242", clock.now(), None)
    said = {"attempt": str(plan.public_id)}
    return plan.attempt_id, Checkout(f"cs_{plan.attempt_id}", "paid", "", False, said, receipt.payment_id, receipt)


def test_to_bill_send_and_settle_takes_thirty_statements_at_most(session: Session, firm: Firm) -> None:
    job = make_work_order(session, firm)
    viewer = firm.viewer("administrator")
    with statements() as billing:
        invoice_id = bill(firm, job.id, viewer)
    attempt_id, seen = paid(firm, invoice_id)
    with statements() as settling, job_session(firm.organisation_id) as own:
        assert settle(own, attempt_id, seen) == "paid"
    assert len(billing) + len(settling) <= 30, "\n".join(billing + settling)


def test_an_invoices_page_asks_once_whether_anything_stands_above_it(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        invoice_id = make_invoice(session, firm).id
    client = sign_in(till.browser(), firm, "administrator")
    client.get(f"/invoices/{invoice_id}")
    with statements() as asked:
        assert client.get(f"/invoices/{invoice_id}").status_code == 200
    assert sum("disputes" in each for each in asked) == 1 and len(asked) <= 12
