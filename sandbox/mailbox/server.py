"""The mailbox as two servers: SMTP on one port, the web page on another."""

from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.controller import Controller
from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.mailbox.answers import answers
from sandbox.mailbox.counter import Refusals, open_counter
from sandbox.mailbox.pages import pages
from sandbox.mailbox.post_box import PostBox


class QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: a demo's terminal is for people."""


@dataclass
class Mailbox:
    web: BaseWSGIServer
    smtp: Controller

    @property
    def smtp_port(self) -> int:
        """The port mail is taken on, also when a free one was asked for."""
        return int(self.smtp.port)

    def close(self) -> None:
        self.smtp.stop()
        self.web.server_close()


def open_mailbox(web_port: int, smtp_port: int, state_dir: Path | None, host: str = "127.0.0.1") -> Mailbox:
    """Both servers; mail is taken at once, the page once its `web.serve_forever()` runs."""
    post_box, refusals = PostBox(state_dir), Refusals()
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(pages(post_box))
    app.register_blueprint(answers(post_box, refusals))
    web = make_server(host, web_port, app, threaded=True, request_handler=QuietHandler)
    return Mailbox(web, open_counter(post_box, refusals, host, smtp_port))


def serve(web_port: int, smtp_port: int, state_dir: Path | None, host: str = "127.0.0.1") -> None:
    """Serve until the process ends."""
    open_mailbox(web_port, smtp_port, state_dir, host).web.serve_forever()
