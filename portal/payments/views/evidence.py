"""The archive to answer a dispute with."""

from flask import Response, g, request

from portal.payments import queries
from portal.payments.evidence.gathering import evidence_pack
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.web import request_session


@bp.get("/payments/<int:payment_id>/evidence.zip")
@allow("see_board")
def show_evidence(payment_id: int) -> Response:
    session = request_session()
    payment = queries.get_payment(session, payment_id).payment
    with_reasons = request.args.get("reasons") == "yes"
    pack = evidence_pack(session, g.organisation, payment, with_reasons=with_reasons)
    response = Response(pack, mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="evidence_{payment.number}.zip"'
    return response
