"""JSON log lines with the request's or the job's id. No secrets: paths of secret links are masked here, once."""

import json
import logging
import re
import sys
from contextvars import ContextVar

trace: ContextVar[str] = ContextVar("trace", default="")

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
# Pay-link tokens, Zoho tokens, Stripe keys and webhook secrets, wherever a library might print them.
_SECRETS = re.compile(
    r"(?<=/[pt]/)[\w-]{20,}|(?<=/choose-password/)[\w-]{20,}|1000\.[0-9a-fA-F]{8,}\.[0-9a-fA-F]+|\b(?:sk|rk|whsec)_\w{6,}"
    # Up to the end of the value and not into the line's own quotes: what is left must still be JSON.
    r"|(?<=\bcode=)[^&\s\"\\]+|(?<=\bstate=)[^&\s\"\\]+"
)
# PostgreSQL repeats the row that it refuses: names, addresses, hashes.
_ROW = re.compile(r"(?<=DETAIL:  ).*")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "log": record.name,
            "trace": trace.get(),
            "say": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["error"] = _ROW.sub("…", self.formatException(record.exc_info))
        return mask(json.dumps(line, default=str, ensure_ascii=True))


def mask(text: str) -> str:
    """`text` with everything that looks like a secret replaced."""
    return _SECRETS.sub("***", text)


def write_json_lines(level: int = logging.INFO) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("urllib3", "stripe", "werkzeug", "alembic", "rq.worker", "_granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
