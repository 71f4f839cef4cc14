"""`python -m sandbox.stripe --port N --state DIR`"""

import argparse
import signal
from pathlib import Path

from sandbox.stripe.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.stripe", description="Stripe stand-in: no real money moves")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, default=None, help="folder to keep state in; in memory without it")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end at once; state is on disk after every request
    serve(options.port, options.state, options.host)


if __name__ == "__main__":
    main()
