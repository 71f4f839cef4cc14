"""What the pages of jobs share."""

from flask import Blueprint, g, render_template

from portal.shared.forms import Form
from portal.shared.web import request_session
from portal.work_orders import queries
from portal.work_orders.models import WorkOrder
from portal.work_orders.pictures.queries import pictures_of

bp = Blueprint("work_orders", __name__)


def job_page(
    work_order: WorkOrder, problem: str = "", forms_by_line: dict[int, Form] | None = None, *, picture_problem: str = ""
) -> str:  # fmt: skip
    return render_template(
        "work_orders/show.html", work_order=work_order, problem=problem, forms_by_line=forms_by_line or {},
        sums=queries.sums_of(work_order, g.organisation.currency) if g.viewer.may("see_prices") else None,
        pictures=pictures_of(request_session(), [work_order.id]), picture_problem=picture_problem,
        events=queries.events_of(request_session(), work_order),
    )  # fmt: skip
