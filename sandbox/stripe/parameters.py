"""Rules for parameters that Stripe's OpenAPI data does not know."""

from typing import Any

from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.store import Document

_MOST_KEYS, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500


def check_metadata(params: dict[str, Any], name: str = "metadata") -> dict[str, str]:
    """The metadata given, within Stripe's limits. Raises StripeProblem."""
    given = params.get("metadata") or {}
    if len(given) > _MOST_KEYS:
        raise StripeProblem(f"Metadata can have at most {_MOST_KEYS} keys.", param=name)
    for key, value in given.items():
        if len(key) > _LONGEST_KEY:
            raise StripeProblem(f"Metadata keys can have at most {_LONGEST_KEY} characters: {key}", param=name)
        if len(value) > _LONGEST_VALUE:
            message = f"Metadata values can have up to {_LONGEST_VALUE} characters, {key} has {len(value)}."
            raise StripeProblem(message, param=f"{name}[{key}]")
    return {key: value for key, value in given.items() if value != ""}


def merged_metadata(document: Document, params: dict[str, Any]) -> dict[str, str]:
    """Metadata after an update: given keys win, an empty value removes its key, an empty text removes all."""
    if params.get("metadata") == "":
        return {}
    check_metadata(params)
    merged = (document.get("metadata") or {}) | (params.get("metadata") or {})
    return {key: value for key, value in merged.items() if value != ""}


def is_on(params: dict[str, Any], name: str) -> bool:
    """Is `name[enabled]` true?"""
    given = params.get(name)
    return isinstance(given, dict) and given.get("enabled") == "true"
