"""`python -m sandbox.twilio --port N --state DIR`"""

import argparse
import signal
from pathlib import Path

from sandbox.twilio.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.twilio", description="Takes text messages, sends none, shows all")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, default=None, help="folder for the messages; in memory without it")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end at once; state is on disk after every request
    serve(options.port, options.state, options.host)


if __name__ == "__main__":
    main()
