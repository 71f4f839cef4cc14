"""Today's visits, all jobs, one job."""

from flask import Response, g, render_template, request

from portal.shared import clock
from portal.shared.access import allow, signed_in
from portal.shared.htmx import page_or_fragment
from portal.shared.text import clean
from portal.shared.web import page_number, request_session
from portal.work_orders import queries
from portal.work_orders.views.pages import bp, job_page


@bp.get("/today")
@signed_in
def today() -> str:
    day = clock.today(g.time_zone)
    visits = queries.visits_on(request_session(), g.viewer, day, g.time_zone)
    return render_template("work_orders/today.html", visits=visits, day=day)


@bp.get("/work-orders")
@allow("see_all_work_orders")
def index() -> Response:
    search = clean(request.args.get("q", ""))[:100]
    state = request.args.get("state", "")
    page = page_number()
    rows, has_more = queries.list_work_orders(request_session(), g.viewer, search=search, state=state, page=page)
    return page_or_fragment(
        "work_orders/index.html", "work_orders/_rows.html", rows=rows, has_more=has_more, page=page, search=search,
        state=state,
    )  # fmt: skip


@bp.get("/work-orders/<int:work_order_id>")
@signed_in
def show(work_order_id: int) -> str:
    return job_page(queries.get_work_order(request_session(), work_order_id, g.viewer))
