"""A picture as an answer to a browser."""

from flask import Response
from sqlalchemy.orm import Session

from portal.work_orders.pictures.queries import Jobs, get_picture


def picture_response(session: Session, jobs: Jobs, picture_id: int, *, is_small: bool) -> Response:
    """For who has been let in already. Raises NotFound unless it is of one of these jobs."""
    picture = get_picture(session, jobs, picture_id, small=is_small)
    response = Response(picture.preview if is_small else picture.content, mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=3600"  # it never changes, and the line may be poor
    response.headers["Content-Disposition"] = "inline"
    return response
