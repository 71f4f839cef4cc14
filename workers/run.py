"""One worker process on one queue. (A worker on two queues can lose a job when it is killed.)"""

import logging

from rq import SimpleWorker
from rq.serializers import JSONSerializer

from portal.config import read_settings
from portal.shared import queues, running
from portal.shared.logs import write_json_lines

log = logging.getLogger("portal.worker")


def run_worker(name: str) -> None:
    """Work until told to stop. SIGTERM lets the job in hand finish.

    A SimpleWorker works in this very process: the database, the tokens and the imports stay warm.
    """
    write_json_lines()
    settings = read_settings()
    running.start(settings, pool_size=2)
    redis = queues.connect_worker(settings.redis_url)
    worker = SimpleWorker([queues.queue(name, redis)], connection=redis, serializer=JSONSerializer)
    worker.max_connection_wait_time = 5  # a Redis that was restarted is heard again within seconds
    log.info("working", extra={"queue": name})
    worker.work(with_scheduler=False, logging_level="WARNING")
