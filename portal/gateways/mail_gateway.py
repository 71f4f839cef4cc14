"""The only code that speaks SMTP."""

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from portal.gateways.errors import GatewayError
from portal.shared import clock
from portal.shared.text import clean

_TIMEOUT_S = 10


@dataclass(frozen=True)
class Attachment:
    """A PDF."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """One mail. id is the part of Message-ID before the @: the same for each try, so that a repeat is recognisable."""

    id: str
    sender: str  # "Name <address>" of the installation
    from_name: str  # whose mail it is, shown beside the installation's address
    to: str
    reply_to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


def send(smtp_url: str, mail: Mail) -> None:
    """Hand `mail` to the SMTP server at `smtp_url` (smtp:// or smtps://, user and password in it).

    Raises GatewayError: retryable for what may pass (no connection, 4xx), final for what will not (5xx).
    """
    message = compose(mail)
    server = urlsplit(smtp_url)
    try:
        with _connect(server) as connection:
            _sign_in(connection, server)
            connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as problem:
        code, words = next(iter(problem.recipients.values()))
        raise _refused(code, words) from problem
    except smtplib.SMTPAuthenticationError as problem:
        # Our own setting is wrong, not the mail: it waits until somebody has put that right.
        raise GatewayError("The mail server refuses the password in SMTP_URL.", retryable=True) from problem
    except smtplib.SMTPResponseException as problem:
        raise _refused(problem.smtp_code, problem.smtp_error) from problem
    except smtplib.SMTPNotSupportedError as problem:
        raise GatewayError("The mail server cannot write to this address.", retryable=False) from problem
    except (smtplib.SMTPException, OSError) as problem:
        raise GatewayError("The mail server did not answer.", retryable=True, unknown=True) from problem


def compose(mail: Mail) -> EmailMessage:
    """The message on the wire. Raises GatewayError for an address that is none."""
    _name, ours = parseaddr(mail.sender)
    message = EmailMessage(policy=WIRE)
    try:
        message["From"] = Address(display_name=_line(mail.from_name), addr_spec=ours)
        message["To"] = Address(addr_spec=mail.to)
        if mail.reply_to:
            message["Reply-To"] = Address(addr_spec=mail.reply_to)
    except (ValueError, MessageError, IndexError) as problem:
        raise GatewayError("This is not an e-mail address.", retryable=False) from problem
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mail.id}@{ours.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for each in mail.attachments:
        message.add_attachment(each.content, maintype="application", subtype="pdf", filename=each.name)
    return message


def _line(words: str) -> str:
    return " ".join(clean(words).split())


def _connect(server: SplitResult) -> smtplib.SMTP:
    host, secure = server.hostname or "localhost", server.scheme == "smtps"
    if secure:
        return smtplib.SMTP_SSL(host, server.port or 465, timeout=_TIMEOUT_S, context=ssl.create_default_context())
    connection = smtplib.SMTP(host, server.port or 587, timeout=_TIMEOUT_S)
    connection.ehlo_or_helo_if_needed()
    if connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo()
    elif server.password and not _is_this_machine(host):
        connection.close()
        raise GatewayError("The mail server offers no encryption, so the password is not sent to it.", retryable=True)
    return connection


def _sign_in(connection: smtplib.SMTP, server: SplitResult) -> None:
    if server.username:
        connection.login(unquote(server.username), unquote(server.password or ""))


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(code: int, words: bytes | str) -> GatewayError:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    short = re.sub(r"\S+@\S+", "…", _line(said))[:120]  # servers repeat the address, which our logs need not
    return GatewayError(f"The mail server said: {code} {short}", retryable=400 <= code < 500, code=str(code))
