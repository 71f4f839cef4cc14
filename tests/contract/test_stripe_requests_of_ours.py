"""Every request that we send to Stripe, held against Stripe's own OpenAPI data."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe
from sqlalchemy import select

from portal.gateways.stripe_gateway import calls
from portal.payments.actions import refresh_webhook_address, void_invoice
from portal.payments.autopay import rules
from portal.payments.models import Payment
from portal.shared.running import job_session
from tests.builders import Firm
from tests.contract.stripe_contract import check_request
from tests.paying import Till, fresh_delivery, till
from tests.portal.pay_page.test_tips import take_tips
from tests.portal.payments.test_autopay import due_invoice
from tests.portal.payments.test_payouts import pay_out
from tests.portal.payments.test_refunding import give_back, make_due
from tests.portal.payments.test_sweeping import sweep

__all__ = ["fresh_delivery", "till"]


class Recorder(stripe.RequestsClient):
    """Sends what it is given, and remembers it."""

    def __init__(self) -> None:
        super().__init__(timeout=(3, 10))
        self.sent: list[tuple[str, str, list[tuple[str, str]]]] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        address = urlsplit(url)
        pairs = parse_qsl(post_data if post_data is not None else address.query, keep_blank_values=True)
        self.sent.append((method.upper(), address.path, pairs))
        return super().request(method, url, headers, post_data, **more)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(calls, "_http", lambda: recorder)
    return recorder


def _newest_payment(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(Payment.id).order_by(Payment.id.desc())).first() or 0


def test_all_that_we_send_is_in_stripes_own_words(till: Till, firm: Firm, recorder: Recorder) -> None:
    till.connect(firm)
    refresh_webhook_address(firm.organisation_id)
    take_tips(firm)
    _, path = till.invoice(firm)
    till.send_pay(path, till.pay_form(path) | {"tip": "10"})
    till.at_stripe(till.attempts(firm)[0].session_id or "", "pay", card="4242424242424242")
    till.work(firm)
    give_back(firm, _newest_payment(firm), 500)
    till.fault("reset", "refunds")
    till.work(firm)
    till.no_faults()
    make_due(firm)
    pay_out(till, firm)
    till.work(firm)
    sweep(firm)
    second, second_path = till.invoice(firm, email="")
    till.begin(second_path)
    void_invoice(firm.organisation_id, second, "typo")
    wrong = [(what, problem) for what in recorder.sent for problem in check_request(*what)]
    assert wrong == []
    kinds = {(method, path.partition("/cs_")[0].partition("/we_")[0]) for method, path, _pairs in recorder.sent}
    assert kinds >= {
        ("GET", "/v1/account"), ("POST", "/v1/webhook_endpoints"), ("POST", "/v1/checkout/sessions"),
        ("GET", "/v1/checkout/sessions"), ("POST", "/v1/refunds"), ("GET", "/v1/refunds"),
        ("GET", "/v1/payouts"), ("GET", "/v1/balance_transactions"), ("GET", "/v1/events"),
    }  # fmt: skip
    assert any(name == "line_items[1][price_data][unit_amount]" for *_, pairs in recorder.sent for name, _ in pairs)
    assert any(path.endswith("/expire") for _method, path, _pairs in recorder.sent)


def test_all_that_we_send_about_saved_cards_is_in_stripes_own_words(
    till: Till, firm: Firm, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "is_awake", lambda _local: True)
    _, path = due_invoice(till, firm)
    till.work(firm)
    _, other = till.invoice(firm)
    till.send_pay(other, till.pay_form(other) | {"card": "saved"})
    till.post(f"{path}/card/removal")
    till.work(firm)
    assert [(what, problem) for what in recorder.sent for problem in check_request(*what)] == []
    assert any(path.endswith("/confirm") for _method, path, _pairs in recorder.sent)
    assert any(path.endswith("/detach") for _method, path, _pairs in recorder.sent)
    names = {name for *_, pairs in recorder.sent for name, _ in pairs}
    assert names >= {
        "customer", "payment_intent_data[setup_future_usage]", "custom_text[submit][message]", "off_session",
        "payment_method_options[card][request_three_d_secure]",
        "saved_payment_method_options[allow_redisplay_filters][0]",
    }  # fmt: skip
