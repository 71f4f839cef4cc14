"""Password hashes: argon2id, renewed when the parameters have been raised since."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from portal.shared.errors import RuleBroken

SHORTEST, LONGEST = 10, 200
# 19 MiB and 2 passes: the least that OWASP asks for, so that a sign-in costs a small server about 30 ms.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when nobody has the e-mail address, so that a guess takes the same time either way.
_NOBODYS = _hasher.hash("nobody has this password")

_COMMON = frozenset(
    ["1234567890", "password12", "password123", "password1234", "qwertyuiop", "1q2w3e4r5t", "iloveyou12", "welcome123",
     "letmein1234", "administrator", "changeme123", "0123456789", "9876543210", "aaaaaaaaaa", "1111111111",
     "passw0rd123", "qwerty12345", "123456789a"]
)  # fmt: skip


class WeakPassword(RuleBroken):
    """Too short, too long, or one that everybody tries first."""


def check_strength(password: str, email: str) -> None:
    """`email` is what they sign in with. Raises WeakPassword with what to do."""
    if len(password) < SHORTEST:
        raise WeakPassword(f"Use at least {SHORTEST} characters. A few words in a row are easy to keep in mind.")
    if len(password) > LONGEST:
        raise WeakPassword(f"Use at most {LONGEST} characters.")
    if password.lower() in _COMMON:
        raise WeakPassword("Many people use this password. Choose another one.")
    if password.strip().casefold() == email.strip().casefold():
        raise WeakPassword("The e-mail is what others would try first. Choose another password.")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Takes the same time for a wrong password and for nobody (None)."""
    if len(password) > LONGEST:
        password = password[:LONGEST] + "…"
    try:
        return _hasher.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)
