"""Stripe's error answers as one exception."""

from typing import Any


class StripeProblem(Exception):
    """An error answer. `kind` is Stripe's error type; `stored` says whether an idempotency key remembers it."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        stored: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.stored = stored
        self.error = {"type": kind, "message": message, **more}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.error["param"] = param

    def body(self) -> dict[str, Any]:
        return {"error": self.error}


def missing_object(noun: str, object_id: str, *, param: str = "id", status: int = 404, hint: str = "") -> StripeProblem:
    message = f"No such {noun}: '{object_id}'{hint}"
    return StripeProblem(message, status=status, code="resource_missing", param=param)


def missing_parameter(name: str) -> StripeProblem:
    return StripeProblem(f"Missing required param: {name}.", code="parameter_missing", param=name)


def not_modelled(what: str, param: str | None = None) -> StripeProblem:
    """A request the real service would take, but whose effect this stand-in does not imitate."""
    return StripeProblem(f"Stripe stand-in: {what} is not imitated here.", param=param)
