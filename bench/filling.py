"""A firm with so many rows of everything that a page can list."""

import io
from dataclasses import dataclass
from typing import Any

from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.firm import Firm, add_a_customer, add_a_job, add_photos, bill, make_firm, pay, pay_path
from portal.accounting.agreement.models import AgreementCheck
from portal.accounting.by_hand.models import ByHand
from portal.accounting.mirror.history import MirrorStep
from portal.accounting.models import Consent, Link, MirrorRecord
from portal.accounting.pull.models import Question
from portal.invoices import joint
from portal.invoices.credit_notes import actions as crediting
from portal.invoices.pay_links import make_deposit_link
from portal.invoices.queries import get_invoice
from portal.organisations import audit
from portal.organisations.logos import keep_logo
from portal.organisations.models import Organisation
from portal.payments.deposits import DepositRequest
from portal.payments.models import Payment, StripeAccount
from portal.payments.payouts.models import Payout, PayoutEntry
from portal.people.models import Person
from portal.shared import clock
from portal.shared.running import here, job_session
from portal.taxes.authorities.actions import named
from portal.taxes.models import Tax
from portal.taxes.standing.queries import all_exemptions
from portal.work_orders.models import WorkOrderLine


@dataclass
class Filled:
    """in_addresses: what stands for each variable part of an address."""

    firm: Firm
    in_addresses: dict[str, Any]


def filled_firm(rows: int) -> Filled:
    """Half of the invoices are paid; the job and the invoice looked at have `rows` lines and a long history."""
    firm = make_firm(items=rows)
    with job_session(firm.organisation_id) as session:
        for index in range(rows):
            add_a_customer(session, firm, f"Customer number {index}")
            _add_a_colleague(session, firm, index)
        jobs = [add_a_job(session, firm, lines=1, hour=6 + index % 12) for index in range(rows)]
        long_job, open_job = (add_a_job(session, firm, lines=rows) for _ in range(2))
        for job in (long_job, open_job):
            add_photos(session, firm, job, rows)
    invoices = [bill(firm, job, email="") for job in jobs[: rows - rows // 5]]
    for invoice_id in invoices[::2]:
        pay(firm, invoice_id)
    long_invoice = bill(firm, long_job)
    with job_session(firm.organisation_id) as session:
        _write_history(session, firm, rows, {"invoice": long_invoice, "work_order": open_job})
        line_id = session.scalars(
            select(func.min(WorkOrderLine.id)).where(WorkOrderLine.work_order_id == open_job)
        ).one()
        record_id = _fall_behind(session, firm, [*invoices, long_invoice], rows)
    in_addresses = {
        "work_order_id": open_job, "line_id": line_id, "invoice_id": long_invoice, "customer_id": firm.customer_id,
        "item_id": firm.item_ids[0], "token": pay_path(firm, long_invoice).rpartition("/")[2],
        "person_id": firm.technician_id, "holder_id": firm.technician_id, **_others(firm, invoices[-1]),
        "record_id": record_id, **_joint_link(firm, invoices[1::2]), **_deposit_link(firm, open_job),
        "logo_name": _logo(firm), "payout_id": _payout(firm, rows),
        "password_token": "spent",  # its page is another one
    }  # fmt: skip
    return Filled(firm, in_addresses)


def _logo(firm: Firm) -> str:
    drawn = io.BytesIO()
    Image.effect_noise((400, 100), 50).save(drawn, "PNG")
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        keep_logo(session, organisation, drawn.getvalue())
        return organisation.logo


def _payout(firm: Firm, rows: int) -> int:
    """Of so many payments, none of them known here."""
    of, now = firm.organisation_id, clock.now()
    with job_session(of) as session:
        account_id = session.scalars(select(func.min(StripeAccount.id))).one()
        payout = Payout(
            organisation_id=of, stripe_account_id=account_id, remote_id="po_bench", amount_minor=rows * 100,
            currency="GBP", state="paid", arrives_on=now.date(), made_at=now, is_automatic=True, is_complete=True,
        )  # fmt: skip
        session.add(payout)
        session.flush()
        session.add_all(
            PayoutEntry(
                organisation_id=of, payout_id=payout.id, remote_id=f"txn_{index}", kind="charge", amount_minor=100,
                net_minor=100, currency="GBP", happened_at=now, words="", remote_payment_id=f"pi_{index}",
                source_id=f"ch_{index}",
            )
            for index in range(rows)
        )  # fmt: skip
        return payout.id


def _joint_link(firm: Firm, invoice_ids: list[int]) -> dict[str, Any]:
    """To as many open invoices as one link may show."""
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        invoices = [get_invoice(session, each) for each in invoice_ids[: joint.MOST]]
        link, address = joint.make_joint_link(session, organisation, invoices, channel="email")
        return {"joint_link_id": link.id, "joint_token": address.rpartition("/")[2]}


def _deposit_link(firm: Firm, job_id: int) -> dict[str, Any]:
    """To a deposit that is asked for before the open job."""
    with job_session(firm.organisation_id) as session:
        request = DepositRequest(
            organisation_id=firm.organisation_id, work_order_id=job_id, customer_id=firm.customer_id,
            amount_minor=5000, currency="GBP",
        )  # fmt: skip
        session.add(request)
        session.flush()
        link, token = make_deposit_link(
            session, firm.organisation_id, request.id, here().settings.vault, channel="screen", pay_link_days=60
        )
        session.flush()
        return {"deposit_request_id": request.id, "deposit_link_id": link.id, "deposit_token": token}


def _others(firm: Firm, to_credit: int) -> dict[str, int]:
    """A tax, a payment and a credit note to look at."""
    with job_session(firm.organisation_id) as session:
        invoice = get_invoice(session, to_credit, lock=True)
        organisation = session.get_one(Organisation, firm.organisation_id)
        wanted = {at: line.line_total for at, line in enumerate(invoice.lines)}
        note = crediting.raise_credit_note(session, organisation, invoice, wanted, "Measured", keep=False)
        lowest = select(func.min(Tax.id), select(func.min(Payment.id)).scalar_subquery())
        tax_id, payment_id = session.execute(lowest).one()
        authority_id = named(session, firm.organisation_id, "HMRC")
        return {
            "tax_id": tax_id, "payment_id": payment_id, "credit_note_id": note.id, "authority_id": authority_id,
            "rate_id": session.get_one(Tax, tax_id).rates[0].id, "exemption_id": all_exemptions(session)[0].id,
        }  # fmt: skip


def _add_a_colleague(session: Session, firm: Firm, index: int) -> None:
    """All with one password hash: hashing is slow on purpose."""
    known = session.get_one(Person, firm.technician_id)
    session.add(
        Person(
            organisation_id=firm.organisation_id, name=f"Colleague {index}", role="field_agent",
            email=f"colleague{firm.organisation_id}.{index}@firm.example", password_hash=known.password_hash,
        )
    )  # fmt: skip


def _write_history(session: Session, firm: Firm, rows: int, records: dict[str, int]) -> None:
    for record, record_id in records.items():
        for index in range(rows):
            audit.note(session, firm.organisation_id, "measured", record, record_id, words=f"Entry {index}")


def _fall_behind(session: Session, firm: Firm, invoices: list[int], rows: int) -> int:
    """A link to Zoho in whose inbox everything has piled up; the record that was tried most often.

    The last invoice differs there, line by line.
    """
    consent = Consent(organisation_id=firm.organisation_id, data_centre="eu", refresh_token_sealed="")
    session.add(consent)
    session.flush()
    link = Link(
        organisation_id=firm.organisation_id, consent_id=consent.id, product="books", remote_name="Books",
        remote_organisation_id="1", currency="GBP", lease_fence=0, recent_calls=[],
    )  # fmt: skip
    session.add(link)
    session.flush()
    for module, ids in (("invoice", invoices), ("item", firm.item_ids), ("customer", [firm.customer_id])):
        for local_id in ids:
            session.add(
                MirrorRecord(
                    organisation_id=firm.organisation_id, link_id=link.id, module=module, local_id=local_id,
                    state="failed", last_error="Zoho refused it.", pushed_at=clock.now(),
                )
            )  # fmt: skip
            session.add(
                Question(
                    organisation_id=firm.organisation_id, link_id=link.id, module=module, local_id=local_id,
                    remote_id=str(local_id), kind="field", field="name", ours="Here", theirs="There",
                    facts={"label": f"{module} {local_id}"},
                )
            )  # fmt: skip
    for invoice_id in invoices:
        session.add(
            ByHand(
                organisation_id=firm.organisation_id, link_id=link.id, module="invoice", local_id=invoice_id,
                invoice_id=invoice_id, customer_id=firm.customer_id, what="void", label="Invoice", amount_minor=100,
                currency="GBP", on_day=clock.now().date(),
            )
        )  # fmt: skip
    session.flush()
    _let_differ(session, firm, link.id, invoices[-1], rows)
    return _try_often(session, firm, invoices[-1], rows)


def _let_differ(session: Session, firm: Firm, link_id: int, invoice_id: int, rows: int) -> None:
    figures = {"number": "1", "lines": [["Line", "1.00"]] * rows, "taxes": [], "total": "1.00"} | dict.fromkeys(
        ("discount", "shipping", "adjustment", "rounding"), "0.00"
    )
    session.add(
        AgreementCheck(
            organisation_id=firm.organisation_id, link_id=link_id, invoice_id=invoice_id, cause="It differs.",
            ours=figures, theirs=figures | {"total": "2.00"}, trace="",
        )
    )  # fmt: skip


def _try_often(session: Session, firm: Firm, invoice_id: int, rows: int) -> int:
    """The id of its record in the mirror."""
    tried_id = session.scalars(select(MirrorRecord.id).where(MirrorRecord.local_id == invoice_id)).first() or 0
    for _ in range(rows):
        session.add(
            MirrorStep(
                organisation_id=firm.organisation_id, record_id=tried_id, did="Made", outcome="Refused.",
                sent=[["name", "value"]], came_back=[], trace="",
            )
        )  # fmt: skip
    return tried_id
