"""Ten-line taxed invoices created, sent and paid per second in one process, against the same by bare SQLAlchemy."""

from collections.abc import Iterator
from itertools import islice

from bench.bare_billing import BareBilling
from bench.figures import Figure, at_least, at_most, seconds, shown_only, take_turns
from bench.firm import Firm, add_a_job, begin_payment, bill, make_firm, settle_payment
from bench.product import Statements
from bench.stage import Stage
from portal.shared.running import job_session

RATIO, MOST_STATEMENTS, LINES = 0.5, 30, 10
_ROUNDS, _AT_ONCE, _WARM_UP = 9, 8, 5
_JOBS = _ROUNDS * _AT_ONCE + _WARM_UP + 1


def measure(stage: Stage) -> list[Figure]:
    """Same PostgreSQL (fsync on) and tables, turn by turn. Our side also rings Redis, links, mails and audits.

    Beginning a payment at Stripe is not billing work and has no part in the times; its statements are shown.
    """
    postgres, firm = stage.product.postgres, make_firm(LINES)
    with job_session(firm.organisation_id) as session:
        jobs = iter([add_a_job(session, firm, lines=LINES) for _ in range(2 * _JOBS)])
    bare = BareBilling(postgres.superuser_url())
    _work(firm, jobs, _WARM_UP), _bare_work(bare, jobs, _WARM_UP)
    statements = [*_statements(firm, next(jobs)), _bare_statements(bare, next(jobs))]
    ours_s, bare_s = take_turns(
        _ROUNDS, lambda: _work(firm, jobs, _AT_ONCE), lambda: _bare_work(bare, jobs, _AT_ONCE)
    )  # fmt: skip
    bare.engine.dispose()
    return _figures(_AT_ONCE / ours_s, _AT_ONCE / bare_s, statements)


def _figures(ours: float, bare: float, statements: list[int]) -> list[Figure]:
    billing, beginning, settling, least = statements
    note = f" ({billing} to bill and send, {settling} to settle; bare SQLAlchemy: {least})"
    return [
        at_least("Invoices billed and paid ÷ bare SQLAlchemy", ours / bare, RATIO,
                 note=f" ({ours:.0f} a second against {bare:.0f})"),
        at_most("SQL statements to bill and pay a ten-line invoice", billing + settling, MOST_STATEMENTS, note=note),
        shown_only("SQL statements to begin a payment at Stripe", str(beginning)),
    ]  # fmt: skip


def _work(firm: Firm, jobs: Iterator[int], count: int) -> float:
    """Seconds to bill so many jobs, and then to settle their payments."""
    invoices: list[int] = []
    billing = seconds(lambda job: invoices.append(bill(firm, job)), islice(jobs, count))
    begun = [begin_payment(firm, invoice_id) for invoice_id in invoices]
    return billing + seconds(lambda each: settle_payment(firm, *each), begun)


def _bare_work(bare: BareBilling, jobs: Iterator[int], count: int) -> float:
    return seconds(bare.bill_and_pay, islice(jobs, count))


def _statements(firm: Firm, job_id: int) -> tuple[int, int, int]:
    """To bill and send, to begin the payment, to settle it."""
    with Statements() as billing:
        invoice_id = bill(firm, job_id)
    with Statements() as beginning:
        begun = begin_payment(firm, invoice_id)
    with Statements() as settling:
        settle_payment(firm, *begun)
    return billing.count, beginning.count, settling.count


def _bare_statements(bare: BareBilling, job_id: int) -> int:
    before = bare.statements
    bare.bill_and_pay(job_id)
    return bare.statements - before
