"""A person's whole way through each state of the page: with scripts and without, in English and in Arabic."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, text, update

from portal.invoices import joint
from portal.invoices.models import Invoice, PayLink
from portal.organisations.logos import keep_logo
from portal.organisations.models import Organisation
from portal.payments.actions import offer_debit, plan_refund, void_invoice, withdraw_request
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from portal.work_orders.models import WorkOrderLine
from portal.work_orders.queries import get_work_order
from tests.accessibility import complaints
from tests.builders import (
    Firm,
    make_firm,
    make_invoice,
    make_picture,
    make_work_order,
    pay_address,
    picture_file,
)
from tests.paying import Till
from tests.portal.pay_page.test_parts import take_parts
from tests.portal.pay_page.test_states import STATES
from tests.portal.pay_page.test_tips import take_tips
from tests.portal.payments.test_deposit_links import ask

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
LOOK = (Path(__file__).parent / "look.js").read_text("utf-8")


@pytest.fixture(scope="module")
def ways(till: Till) -> dict[str, str]:
    """State → the path of a link whose page is in it, each of a firm of its own."""
    return {name: _made(till, make_firm(), deed) for name, deed in _deeds().items()}


@pytest.mark.parametrize("code", ["en", "ar", "ja", "zh"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_each_state_leads_on(till: Till, ways: dict[str, str], chromium: Any, scripts: bool, code: str) -> None:
    context = chromium.new_context(**PHONE, java_script_enabled=scripts, reduced_motion="reduce")
    page, say = context.new_page(), LANGUAGES[code].text
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
    for name, path in ways.items():
        page.goto(f"{till.url}{path}?lang={code}")
        assert page.locator("html").get_attribute("dir") == ("rtl" if code == "ar" else "ltr")
        for scheme in ("light", "dark") if scripts else ("light",):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(LOOK) == [], (name, scheme)
        if scripts and code in ("en", "ar"):  # one that reads from the left, one from the right
            assert complaints(page) == [], name
        assert _is_in_sight(page), name
        _go_on(page, name, say)
    assert refused == []
    context.close()


@pytest.mark.parametrize("code", ["en", "ar"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_asking_and_paying_a_part(
    till: Till, firm: Firm, chromium: Any, scripts: bool, code: str
) -> None:  # fmt: skip
    till.connect(firm)
    take_parts(firm)
    take_tips(firm)
    _, path = till.invoice(firm)
    context = chromium.new_context(**PHONE, java_script_enabled=scripts)
    page, say = context.new_page(), LANGUAGES[code].text
    page.goto(f"{till.url}{path}?lang={code}")
    page.get_by_text(say("question"), exact=True).click()
    page.get_by_label(say("question_label")).fill("Why?")
    page.get_by_role("button", name=say("send_question")).click()
    expect(page.get_by_text(say("question_sent"), exact=True)).to_be_visible()
    page.get_by_text(say("tip_add"), exact=True).click()
    assert page.get_by_role("radio", checked=True).get_attribute("value") == ""
    assert page.evaluate(LOOK) == []
    page.get_by_text(say("another_amount"), exact=True).click()
    page.get_by_label(say("amount"), exact=True).fill("nothing")
    page.get_by_role("button", name=say("pay_this")).click()
    expect(page.get_by_label(say("amount"), exact=True)).to_have_attribute("aria-invalid", "true")
    assert page.evaluate(LOOK) == []
    page.get_by_label(say("amount"), exact=True).fill("20")
    page.get_by_role("button", name=say("pay_this")).click()
    page.wait_for_url("**/c/pay/**")
    assert till.attempts(firm)[0].amount_minor == 2000
    context.close()


@pytest.mark.parametrize("code", ["en", "ar"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_saving_a_card_paying_with_it_and_removing_it(
    till: Till, firm: Firm, chromium: Any, scripts: bool, code: str
) -> None:  # fmt: skip
    till.connect(firm)
    paths = [till.invoice(firm)[1] for _ in range(2)]
    context = chromium.new_context(**PHONE, java_script_enabled=scripts)
    page, say = context.new_page(), LANGUAGES[code].text
    page.goto(f"{till.url}{paths[0]}?lang={code}")
    page.get_by_text(say("card_options"), exact=True).click()
    box = page.get_by_role("checkbox", name=say("save_card"))
    expect(box).not_to_be_checked()
    box.check()
    assert page.evaluate(LOOK) == []
    page.get_by_role("button", name=re.compile(re.escape(say("pay", amount="~")).split("\\~")[0])).first.click()
    page.wait_for_url("**/c/pay/**")
    page.get_by_role("button", name=re.compile("^Pay £")).click()
    page.wait_for_url("**/p/**")
    visa = "Visa •••• 4242"
    page.goto(f"{till.url}{paths[1]}?lang={code}")
    assert page.evaluate(LOOK) == []
    page.get_by_role("button", name=visa).click()
    page.wait_for_url("**/c/pay/**")
    expect(page.get_by_role("button", name=visa)).to_be_visible()
    page.goto(f"{till.url}{paths[1]}?lang={code}")
    page.get_by_role("button", name=say("remove_card")).click()
    expect(page.get_by_text(say("card_removed"), exact=True)).to_be_visible()
    expect(page.get_by_text(visa)).to_have_count(0)
    assert page.evaluate(LOOK) == []
    context.close()


def _is_in_sight(page: Any) -> bool:
    """The amount, where there is one, above what can be done about it: both at once on a phone."""
    amount, dock = page.locator(".big .money"), page.locator(".dock")
    if not amount.count() or not dock.count():
        return True
    [above, below] = [each.first.bounding_box() for each in (amount, dock)]
    return bool(above["y"] + above["height"] <= below["y"] and below["y"] + below["height"] <= 844)


def _go_on(page: Any, name: str, say: Callable[..., str]) -> None:
    """What the page offers in this state is done, or there is nothing to do but to write to the firm."""
    pay = page.get_by_role("button", name=re.compile("^" + re.escape(say("pay", amount="~")).replace("\\~", ".*")))
    payable = [state for state, (_, _, can_pay) in STATES.items() if can_pay]
    if name in ("together", "deposit", "all there is", *payable):
        pay.first.click()
        page.wait_for_url("**/c/pay/**")
    elif name == "replaced":
        page.get_by_role("button", name=say("see_newer")).click()
        expect(pay.first).to_be_visible()
    elif name in ("expired", "unknown", "stopped", "together, expired"):
        page.get_by_role("button", name=say("send_new_link")).click()
        expect(page.get_by_role("heading", name=say("renewed"))).to_be_visible()
        assert page.evaluate(LOOK) == []
    else:
        assert pay.count() == 0


def _deeds() -> dict[str, Callable[[Till, Firm, int, str], object]]:
    made: dict[str, Callable[[Till, Firm, int, str], object]] = {name: deed for name, (deed, _, _) in STATES.items()}
    return made | {
        "replaced": _replace, "expired": _expire, "unknown": lambda *_: "/p/unknown", "together": _join,
        "deposit": lambda _, firm, *_more: ask(firm).path, "deposit paid": _pay_deposit,
        "deposit withdrawn": _withdraw_deposit, "deposit under way": _owe_deposit,
        "deposit given back": _return_deposit,
        "too large": _bill_a_fortune, "not exact": _bill_fils, "no cards": _without_stripe, "stopped": _stop,
        "all there is": _offer_all, "together, expired": _join_and_expire, "together, settled": _join_and_pay,
        "together, no cards": _join_without_stripe,
    }  # fmt: skip


def _made(till: Till, firm: Firm, deed: Callable[[Till, Firm, int, str], object]) -> str:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    other = deed(till, firm, invoice_id, path)
    return other if isinstance(other, str) else path


def _replace(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    void_invoice(firm.organisation_id, invoice_id, "wrong price")
    with job_session(firm.organisation_id) as session:
        job_id = session.execute(text("SELECT min(id) FROM work_orders")).scalar_one()
        newer = make_invoice(session, firm, work_order=get_work_order(session, job_id, firm.viewer()))
        pay_address(session, newer)
    return path


def _pay_deposit(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    asked = ask(firm)
    till.pay(asked.path)
    till.work(firm)
    return asked.path


def _owe_deposit(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    """A bank has it under way."""
    offer_debit(firm.organisation_id)
    asked = ask(firm)
    session_id, _ = till.begin(asked.path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    return asked.path


def _return_deposit(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    paid = _pay_deposit(till, firm, invoice_id, path)
    with job_session(firm.organisation_id) as session:
        payment = session.scalars(select(Payment)).one()
        plan_refund(session, payment.id, payment.amount, way="stripe", reason="no job", by=None, form_id="back")
    till.work(firm)
    return paid


def _withdraw_deposit(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    asked = ask(firm)
    withdraw_request(firm.organisation_id, asked.job_id, asked.request_id)
    return asked.path


def _expire(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).values(expires_at=clock.now()))


def _join(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    till.invoice(firm)
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        invoices = session.scalars(select(Invoice)).all()
        _, address = joint.make_joint_link(session, organisation, invoices, channel="email")
    return "/t/" + address.rpartition("/")[2]


def _join_and_expire(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    joint_path = _join(till, firm, invoice_id, path)
    _expire(till, firm, invoice_id, path)
    return joint_path


def _join_and_pay(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    joint_path = _join(till, firm, invoice_id, path)
    till.pay(joint_path)
    till.work(firm)
    return joint_path


def _join_without_stripe(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    other = make_firm()
    return _join(till, other, *till.invoice(other))


def _without_stripe(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    return till.invoice(make_firm())[1]


def _bill_a_fortune(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    with job_session(firm.organisation_id) as session:
        job = make_work_order(session, firm, quantities=("9000", "1", "1"))
        return pay_address(session, make_invoice(session, firm, work_order=job))


def _bill_fils(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    """To a thousandth of a dinar, which no card takes."""
    kuwaiti = make_firm(country="KW", currency="KWD", time_zone="Asia/Kuwait")
    till.connect(kuwaiti)
    with job_session(kuwaiti.organisation_id) as session:
        job = make_work_order(session, kuwaiti, quantities=("0.001", "1", "1"))
        session.execute(update(WorkOrderLine).values(unit_price=Decimal("64.001")))
        return pay_address(session, make_invoice(session, kuwaiti, work_order=job))


def _stop(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(PayLink).values(revoked_at=clock.now()))


def _offer_all(till: Till, firm: Firm, invoice_id: int, path: str) -> str:
    """A logo, photos of the work, a saved card, parts, a deposit and tips, all at once."""
    form = till.pay_form(path) | {"keep": "yes"}
    session_id = urlsplit(till.send_pay(path, form).headers["Location"]).path.rpartition("/")[2]
    till.at_stripe(session_id, "pay", card="4242424242424242")
    till.work(firm)
    take_parts(firm)
    take_tips(firm)
    with job_session(firm.organisation_id) as session:
        organisation = session.get_one(Organisation, firm.organisation_id)
        organisation.deposit_percent = 30
        keep_logo(session, organisation, picture_file(size=(400, 100)))
        job = make_work_order(session, firm)
        make_picture(session, firm, job)
        return pay_address(session, make_invoice(session, firm, work_order=job))


@pytest.mark.parametrize("code", ["en", "ar"])
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_deposit_by_bank_debit_waits_and_is_paid_for_ever(
    till: Till, firm: Firm, chromium: Any, scripts: bool, code: str
) -> None:
    till.connect(firm)
    offer_debit(firm.organisation_id)
    path = ask(firm).path
    context = chromium.new_context(**PHONE, java_script_enabled=scripts)
    page, say = context.new_page(), LANGUAGES[code].text
    page.goto(f"{till.url}{path}?lang={code}")
    page.locator(".dock").get_by_role("button").click()
    page.wait_for_url("**/c/pay/**")
    session_id = till.attempts(firm)[0].session_id or ""
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    page.goto(f"{till.url}{path}?lang={code}")
    expect(page.get_by_text(say("processing"), exact=True)).to_be_visible()
    expect(page.locator(".dock").get_by_role("button")).to_have_count(0)
    assert page.evaluate(LOOK) == []
    till.at_stripe(session_id, "bank", succeeded=True)
    till.work(firm)
    _expire(till, firm, 0, path)
    page.reload()
    expect(page.get_by_role("heading", name=say("paid"))).to_be_visible()
    expect(page.get_by_role("link", name="PDF")).to_be_visible()
    page.get_by_role("link", name=say("receipt_number", number="R-00001")).click()
    expect(page.get_by_role("heading", name=re.compile("."))).to_be_visible()
    assert page.evaluate(LOOK) == []
    context.close()
