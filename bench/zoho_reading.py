"""Calls to Zoho while modules are kept from both sides: looks that find nothing, edits on either side, payments."""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from bench.figures import Figure, at_most, table
from bench.firm import Firm, add_a_job, bill, make_firm
from bench.stage import Stage
from bench.zoho_calls import CLIENT, Zoho, link_to, running_zoho
from portal.accounting import directions
from portal.accounting.link import live_link
from portal.accounting.mirror.drain import drain
from portal.accounting.models import MODULES, MirrorRecord
from portal.accounting.pull.models import PullCursor
from portal.customers.models import Customer
from portal.shared import clock, outbox
from portal.shared.running import job_session

# One list call for each module: Zoho has no feed of changes across them. A changed contact is read alone, as its list
# tells neither addresses nor persons; an edit of ours is read first, so that nothing there is overwritten, and once
# more when its echo comes, as somebody may have changed it within the same second.
IDLE, CHANGED_THERE, CHANGED_HERE, ECHO, PAID_THERE = 5, 6, 2, 6, 6


def measure(stage: Stage) -> list[Figure]:
    with running_zoho() as zoho:
        stage.product.reconfigure(
            ZOHO_BASE_ADDRESS=zoho.address, ZOHO_CLIENT_ID=CLIENT["client_id"], ZOHO_CLIENT_SECRET="a secret",
            ZOHO_CALLS_PER_MINUTE="10000",
        )  # fmt: skip
        firm = make_firm()
        link_to(firm, zoho)
        with job_session(firm.organisation_id) as session:
            job = add_a_job(session, firm)
        bill(firm, job, email="")
        drain(firm.organisation_id)
        _keep_both_ways(firm)
        _look(firm)
        found = {"idle": _counted(firm, zoho)}
        _act(zoho, "PUT /contacts/{contacts}", contact_name="Maple Dental Ltd")
        found["changed there"] = _counted(firm, zoho)
        found["changed here"] = _edited(firm, zoho)
        found["echo"] = _counted(firm, zoho)
        invoice = zoho.control("GET", f"/orgs/{zoho.organisation}/records?module=invoices")["invoices"][0]
        _act(zoho, "POST /customerpayments", customer_id=invoice["customer_id"], payment_mode="check", amount=10,
             date=clock.today("Europe/London").isoformat(),
             invoices=[{"invoice_id": invoice["invoice_id"], "amount_applied": 10}])  # fmt: skip
        found["paid there"] = _counted(firm, zoho)
    kinds = sorted(set().union(*found.values()))
    print(table(("Call", *found), [(kind, *(each[kind] for each in found.values())) for kind in kinds]))
    return [
        _figure("of a look that finds nothing, five modules", found["idle"], IDLE, IDLE),
        _figure("of a look that finds a changed customer", found["changed there"], CHANGED_THERE, CHANGED_THERE),
        _figure("per edit of ours, kept both ways", found["changed here"], CHANGED_HERE, 1),
        _figure("of the look that meets that edit again", found["echo"], ECHO, IDLE),
        _figure("of a look that finds a payment", found["paid there"], PAID_THERE, PAID_THERE),
    ]


def _figure(what: str, made: Counter[str], target: int, least: int) -> Figure:
    return at_most(f"Zoho calls {what}", float(made.total()), float(target), note=f" (the API allows {least})")


def _keep_both_ways(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        link = live_link(session)
        if link is None:
            raise LookupError("the firm is not linked")
        for module in MODULES[1:]:  # taxes are read once a day
            directions.keep(session, link, module, directions.BOTH)
    drain(firm.organisation_id)


def _look(firm: Firm) -> None:
    """As if its time had come, and what is known had been known for a while."""
    with job_session(firm.organisation_id) as session:
        session.scalars(select(MirrorRecord.id).with_for_update()).all()
        session.execute(
            update(MirrorRecord).values(remote_modified_at=MirrorRecord.remote_modified_at - timedelta(seconds=1))
        )
        session.execute(update(PullCursor).values(next_look_at=clock.now()))
    drain(firm.organisation_id)


def _counted(firm: Firm, zoho: Zoho) -> Counter[str]:
    with job_session(firm.organisation_id) as session:
        session.execute(update(MirrorRecord).values(pushed_at=MirrorRecord.pushed_at - timedelta(minutes=1)))
        session.execute(update(PullCursor).values(next_look_at=clock.now() - timedelta(seconds=1)))
    zoho.forget_calls()
    drain(firm.organisation_id)
    return zoho.calls()


def _edited(firm: Firm, zoho: Zoho) -> Counter[str]:
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).name = "Maple Dental Group"
        outbox.record(session, firm.organisation_id, "customer", firm.customer_id)
    zoho.forget_calls()
    drain(firm.organisation_id)
    made = zoho.calls()
    if not any(call.startswith("PUT") for call in made):
        raise AssertionError("the edit did not arrive there")
    return made


def _act(zoho: Zoho, do: str, **body: Any) -> None:
    """In Zoho's own pages, on the first contact there."""
    contacts = zoho.control("GET", f"/orgs/{zoho.organisation}/records?module=contacts")["contacts"]
    named = do.replace("{contacts}", str(contacts[0]["contact_id"]))
    zoho.control("POST", f"/orgs/{zoho.organisation}/act", do=named, body=body)
