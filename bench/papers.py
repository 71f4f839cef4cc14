"""A paper made anew, beside a bare page of the same typesetter; a thousand documents through `portal reckon`, beside
reading and writing the same JSON."""

import json
import subprocess
import sys
from collections.abc import Callable
from time import perf_counter

import typst

from bench.figures import Figure, at_most, shown_only, take_turns
from bench.firm import add_a_job, bill, make_firm
from bench.stage import Stage
from portal.invoices.documents.pdf import render_pdf
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.running import job_session

PAPER_AIM, RECKON_AIM = 0.5, 2.0  # seconds: "well under a second"; "the order of magnitude to reach"
_ROUNDS = 20
_BARE_PAGE = b'#set page(paper: "a4")\n#table(columns: 4, ..range(40).map(each => [Line #each]))'
_LINE = {"quantity": "2", "unit_price": "12.34", "discount_percent": "5", "taxes": [{"name": "VAT", "rate": "20"}]}
_DOCUMENT = {
    "currency": "GBP", "lines": [_LINE] * 10,
    "document_discount": {"type": "percent", "value": "7.5", "applied": "before_tax"},
}  # fmt: skip
_DOCUMENTS = "\n".join([json.dumps(_DOCUMENT)] * 1000)


def measure(stage: Stage) -> list[Figure]:
    _ = stage.product
    with stage.product.app.app_context():
        return [*_papers(), *_reckoning()]


def _papers() -> list[Figure]:
    firm = make_firm(10)
    with job_session(firm.organisation_id) as session:
        job = add_a_job(session, firm)
    invoice_id = bill(firm, job)
    with job_session(firm.organisation_id) as session:
        organisation, invoice = session.get_one(Organisation, firm.organisation_id), get_invoice(session, invoice_id)
        render_pdf(organisation, invoice)  # what is read once for all papers: template and fonts
        bare = typst.Compiler()
        ours, reference = take_turns(
            _ROUNDS, lambda: _timed(lambda: render_pdf(organisation, invoice)),
            lambda: _timed(lambda: bare.compile(_BARE_PAGE, format="pdf")),
        )  # fmt: skip
    note = f" ({ours / reference:.1f} times a bare page with a table)"
    return [at_most("A ten-line invoice's paper, warm", ours, PAPER_AIM, " s", note=note)]


def _reckoning() -> list[Figure]:
    reckon, reference = take_turns(3, lambda: _timed(_reckon), lambda: _timed(_echo))
    return [
        at_most("`portal reckon`: 1,000 documents of ten lines", reckon, RECKON_AIM, " s"),
        shown_only("… ÷ a start of Python that reads and writes the same JSON", f"{reckon / reference:.1f}"),
    ]


def _reckon() -> None:
    _answered([sys.executable, "-m", "portal", "reckon", "-"])


def _echo() -> None:
    _answered([sys.executable, "-c", "import json, sys\nfor each in sys.stdin: print(json.dumps(json.loads(each)))"])


def _answered(argv: list[str]) -> None:
    answer = subprocess.run(argv, input=_DOCUMENTS, capture_output=True, text=True, check=True)
    if len(answer.stdout.splitlines()) != 1000:
        raise AssertionError(answer.stderr)


def _timed(deed: Callable[[], object]) -> float:
    began = perf_counter()
    deed()
    return perf_counter() - began
