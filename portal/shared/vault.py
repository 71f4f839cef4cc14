"""Secrets that we keep for others: AES-256-GCM, the key's id in front, the owner bound in as associated data.

A sealed value copied to another organisation, or to another purpose, does not open.
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.shared.errors import ConfigurationError

_NONCE_BYTES = 12


class CannotOpen(Exception):
    """The value was sealed for someone else, with a key that is gone, or has been tampered with."""


@dataclass(frozen=True)
class Vault:
    """keys: key id → 32 bytes; `current` seals, all of them open."""

    keys: Mapping[str, bytes]
    current: str

    @classmethod
    def from_text(cls, text: str) -> "Vault":
        """`id:base64[,id:base64…]`, newest first. Raises ConfigurationError."""
        keys: dict[str, bytes] = {}
        for part in filter(None, text.split(",")):
            name, _, encoded = part.strip().partition(":")
            try:
                keys[name] = base64.b64decode(encoded, validate=True)
            except ValueError:
                keys[name] = b""
        if not keys or any(len(key) != 32 or not name.isalnum() for name, key in keys.items()):
            raise ConfigurationError(
                "PORTAL_VAULT_KEYS must be id:key pairs of 32 random bytes in base64, newest first. "
                "`portal make-key` prints one."
            )
        return cls(keys, next(iter(keys)))

    def seal(self, secret: str, *, organisation_id: int, purpose: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        box = AESGCM(self.keys[self.current]).encrypt(nonce, secret.encode(), _owner(organisation_id, purpose))
        return f"{self.current}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def open(self, sealed: str, *, organisation_id: int, purpose: str) -> str:
        """The secret. Raises CannotOpen."""
        name, _, encoded = sealed.partition(".")
        key = self.keys.get(name)
        if key is None:
            raise CannotOpen(f"key {name} is not in PORTAL_VAULT_KEYS")
        raw = base64.urlsafe_b64decode(encoded)
        try:
            return AESGCM(key).decrypt(
                raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _owner(organisation_id, purpose)
            ).decode()  # fmt: skip
        except InvalidTag as problem:
            raise CannotOpen("sealed for another owner or changed since") from problem


def _owner(organisation_id: int, purpose: str) -> bytes:
    return f"{organisation_id}:{purpose}".encode()
