"""What every job does first: an id for its log lines, and the name under which it acts."""

import logging
import time
import uuid
from collections.abc import Callable
from functools import wraps

from portal.organisations import audit
from portal.shared.logs import trace

log = logging.getLogger("portal.job")


def traced(job: Callable[[int], None]) -> Callable[[int], None]:
    """A job takes the organisation's number, gives nothing back, and may be run twice."""

    @wraps(job)
    def run(organisation_id: int) -> None:
        trace.set("job-" + uuid.uuid4().hex[:12])
        audit.actor.set(audit.JOB)
        began = time.perf_counter()
        job(organisation_id)
        ms = round((time.perf_counter() - began) * 1000, 1)
        log.info("done", extra={"job": job.__module__, "organisation": organisation_id, "ms": ms})

    return run
