"""Run the reader alone: `python -m clients.simulators.card_reader --port N --state DIR`. Stops on SIGTERM or SIGINT."""

import argparse
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from .app import create_app


class QuietHandler(WSGIRequestHandler):
    """Requests are not logged: there is nothing to learn from them, and test PINs are a bad example in a log."""

    def log_request(self, *_: Any) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until told to stop. Port 0 picks a free one; the first line printed tells the address."""
    parser = argparse.ArgumentParser(description="Card reader simulator: test cards for sign-in with a My Number Card.")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="directory of the deck; made if absent")
    options = parser.parse_args()
    app = create_app({"STATE_DIR": options.state})
    server = make_server(options.host, options.port, app, threaded=True, request_handler=QuietHandler)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"card reader simulator on http://localhost:{server.port}/", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
