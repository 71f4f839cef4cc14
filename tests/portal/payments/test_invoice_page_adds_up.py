"""The staff's page of an invoice: from the total down to what is left to pay each row counts, and credit of the invoice
that counts elsewhere, or nowhere yet, is told beside them."""

import re
from contextlib import suppress
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.invoices import write_offs
from portal.invoices.queries import get_invoice
from portal.payments.actions import put_credit_note, reverse_payment, void_credit_note
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.running import job_session
from tests.builders import Firm, make_credit_note, make_invoice, make_work_order, sign_in
from tests.paying import Till
from tests.portal.payments.test_billing_costs import statements
from tests.portal.payments.test_recording import due, record

_ROW = re.compile(r'<li class="row[^>]*>(.*?)</li>', re.DOTALL)
_TAKEN_OFF = ("Paid", "Credited", "Written off", "Under way at the customer's bank")


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def page_of(till: Till, firm: Firm, invoice_id: int, role: str = "manager") -> str:
    return sign_in(till.browser(), firm, role).get(f"/invoices/{invoice_id}").text


def sums_of(page: str) -> list[tuple[str, Decimal]]:
    """The rows from the total on: their first words, and what they come to."""
    card = next(card for card in re.findall(r'<ul class="card".*?</ul>', page, re.DOTALL) if "Total" in words(card))
    rows = []
    for row in _ROW.findall(card):
        label, _, end = row.partition('<div class="end">')
        label = re.sub(r'<span class="note">.*?</span>', "", label, flags=re.DOTALL)
        rows.append((words(label), Decimal(re.sub(r"[^\d.-]", "", words(end)))))
    return rows[[label for label, _ in rows].index("Total") :]


def made(firm: Firm) -> int:
    """Of 235.80."""
    with job_session(firm.organisation_id) as session:
        return make_invoice(session, firm).id


def credit(firm: Firm, invoice_id: int, share: str, *, keep: bool) -> int:
    with job_session(firm.organisation_id) as session:
        return make_credit_note(session, firm, get_invoice(session, invoice_id), share=share, keep=keep).id


def test_credit_put_to_another_invoice_counts_there_and_is_told_on_its_own(till: Till, firm: Firm) -> None:
    own, other = made(firm), made(firm)
    payment_id = record(firm, [own]).payment_id
    note_id = credit(firm, own, "1", keep=True)
    put_credit_note(firm.organisation_id, note_id, other)
    with job_session(firm.organisation_id) as session:
        reverse_payment(session, payment_id, "bounced", by=firm.people["manager"])
    there = page_of(till, firm, other)
    assert sums_of(there) == [("Total", Decimal("235.80")), ("Credited", Decimal("235.80"))]
    assert f'href="/credit-notes/{note_id}"' in there and "CN-00001 of INV-00001 · The part was faulty" in words(there)
    here = page_of(till, firm, own)
    assert sums_of(here) == [("Total", Decimal("235.80")), ("Left to pay", Decimal("235.80"))]
    assert f'href="/credit-notes/{note_id}"' in here and "£235.80 put to INV-00002" in words(here)


def test_of_a_note_over_all_of_it_what_was_paid_is_kept_and_the_rest_counts(till: Till, firm: Firm) -> None:
    own = made(firm)
    record(firm, [own], 10000)
    credit(firm, own, "1", keep=False)
    page = page_of(till, firm, own)
    assert sums_of(page) == [("Total", Decimal("235.80")), ("Paid", Decimal(100)), ("Credited", Decimal("135.80"))]
    assert "£100.00 kept as credit" in words(page)


def test_credit_of_a_paid_invoice_that_is_kept_does_not_count(till: Till, firm: Firm) -> None:
    own = made(firm)
    record(firm, [own])
    note_id = credit(firm, own, "0.5", keep=True)
    page = page_of(till, firm, own)
    assert sums_of(page) == [("Total", Decimal("235.80")), ("Paid", Decimal("235.80"))]
    assert "CN-00001 £117.90 kept as credit · The part was faulty" in words(page)
    void_credit_note(firm.organisation_id, note_id, "Wrong", firm.people["manager"])
    page = page_of(till, firm, own)
    assert "Credited, then voided" in page and "kept as credit" not in words(page).partition("History")[0]
    assert sums_of(page) == [("Total", Decimal("235.80")), ("Paid", Decimal("235.80"))]


def test_more_credit_asks_no_more_of_the_database(till: Till, firm: Firm) -> None:
    own, client = made(firm), sign_in(till.browser(), firm, "administrator")
    notes = [credit(firm, made(firm), "0.5", keep=True) for _ in range(4)]
    counts = []
    for note_id in notes:
        credit(firm, own, "0.1", keep=False)
        put_credit_note(firm.organisation_id, note_id, own) if due(firm, own) else None
        client.get(f"/invoices/{own}")
        with statements() as asked:
            client.get(f"/invoices/{own}")
        counts.append(len(asked))
    whole = made(firm)
    credit(firm, whole, "1", keep=False)
    with statements() as asked:
        assert "Bill these lines again" in client.get(f"/invoices/{whole}").text
    assert max(*counts, len(asked)) <= 12 and counts[-1] <= counts[0], (counts, len(asked))


def test_a_technician_reads_what_paid_it_and_is_sent_to_no_note_that_they_may_not_see(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        not_theirs = make_work_order(session, firm, technician="manager")
        own = make_invoice(session, firm, work_order=not_theirs)
        own.raised_by = firm.people["administrator"]
        own_id = own.id
    other, note_id = made(firm), credit(firm, own_id, "0.5", keep=True)
    put_credit_note(firm.organisation_id, note_id, other)
    for role, status in (("field_agent", 404), ("manager", 200)):
        client = sign_in(till.browser(), firm, role)
        page = client.get(f"/invoices/{other}").text
        assert client.get(f"/credit-notes/{note_id}").status_code == status and "CN-00001 of INV-00001" in page
        assert (f'href="/credit-notes/{note_id}"' in page) is (status == 200)


_DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.sampled_from(["33.33", "100"])),
        st.tuples(st.just("credit"), st.sampled_from(["0.1", "0.277", "0.5"])),
        st.tuples(st.just("keep"), st.sampled_from(["0.1", "0.333"])),
        st.tuples(st.sampled_from(["put", "take", "void", "write off", "reverse"]), st.just("")),
    ),
    min_size=2, max_size=6,
)  # fmt: skip


class Done:
    """What was done to an invoice and with its credit; put: to another, take: another's credit to it."""

    def __init__(self, firm: Firm) -> None:
        self.firm, self.own, self.other = firm, made(firm), made(firm)
        self.theirs, self.notes, self.payments = credit(firm, self.other, "0.25", keep=True), [0], [0]

    def do(self, deed: str, of: str) -> None:
        number, by = self.firm.organisation_id, self.firm.people["manager"]
        if deed == "pay":
            self.payments.append(record(self.firm, [self.own], int(Decimal(of) * 100)).payment_id)
        elif deed in ("credit", "keep"):
            self.notes.append(credit(self.firm, self.own, of, keep=deed == "keep"))
        elif deed in ("put", "take"):
            put_credit_note(number, *((self.notes[-1], self.other) if deed == "put" else (self.theirs, self.own)))
        elif deed == "void":
            void_credit_note(number, self.notes[-1], "Wrong", by)
        else:
            with job_session(number) as session:
                if deed == "reverse":
                    reverse_payment(session, self.payments[-1], "bounced", by=by)
                else:
                    write_offs.write_off(session, get_invoice(session, self.own, lock=True), "Gone")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=_DEEDS)
def test_whatever_was_done_the_rows_printed_come_to_what_is_left(
    deeds: list[tuple[str, str]], till: Till, firm: Firm
) -> None:
    done = Done(firm)
    for deed, of in deeds:
        with suppress(RuleBroken, NotFound):  # as things stand it cannot be done
            done.do(deed, of)
    client = sign_in(till.browser(), firm, "manager")
    for invoice_id in (done.own, done.other):
        rows = sums_of(client.get(f"/invoices/{invoice_id}").text)
        left = sum(sum_ for label, sum_ in rows if label == "Left to pay")
        assert rows[0][1] - sum(sum_ for label, sum_ in rows if label in _TAKEN_OFF) == left
        assert left * 100 == due(firm, invoice_id)
        assert {label for label, _ in rows} <= {"Total", "Left to pay", *_TAKEN_OFF}


def state_of(till: Till, firm: Firm, invoice_id: int) -> str:
    return words(sign_in(till.browser(), firm, "manager").get(f"/invoices/{invoice_id}/payment-state").text)


def test_beside_the_code_an_invoice_says_what_settled_it(till: Till, firm: Firm) -> None:
    put, own, part = made(firm), made(firm), made(firm)
    put_credit_note(firm.organisation_id, credit(firm, made(firm), "1", keep=True), put)
    credit(firm, own, "1", keep=False)
    record(firm, [part], 10000)
    credit(firm, part, "1", keep=False)
    for covered in (put, own):
        assert state_of(till, firm, covered) == "Covered by credit of £235.80 Nothing is left to pay. Next job"
    assert state_of(till, firm, part) == "Paid £100.00 Credit covers the other £135.80 . Next job"
    with job_session(firm.organisation_id) as session:
        gone = make_invoice(session, firm)
        write_offs.write_off(session, get_invoice(session, gone.id, lock=True), "Gone")
    assert state_of(till, firm, gone.id) == "Written off"
