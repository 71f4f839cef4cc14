"""`python -m sandbox.zoho --port N --state DIR`"""

import argparse
import signal
import threading
from pathlib import Path

from .server import serve


def main() -> None:
    asked = argparse.ArgumentParser(prog="sandbox.zoho", description="Zoho stand-in: no real books, no money moves.")
    asked.add_argument("--port", type=int, required=True)
    asked.add_argument("--state", type=Path, help="folder for what must survive a restart")
    asked.add_argument("--host", default="127.0.0.1")
    options = asked.parse_args()
    server = serve(options.port, options.state, options.host)
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"Zoho stand-in: http://{options.host}:{server.port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
