"""The sentences with which Zoho refuses: HTTP status, `code` and `message`.

Codes and wordings are those recorded in the API notes. The few marked "guess" have no recorded
counterpart; a client must treat them like any unknown code.
"""

COULD_NOT_FIND = "We couldnt find any resource for the given ID. Please verify the ID and try again."


class Refusal(Exception):
    """An answer that says no. `status` is HTTP, `code` and `message` go into the body."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def invalid_value(field: str) -> Refusal:
    return Refusal(400, 2, f"Invalid value passed for {field}")


def too_long(field: str, limit: int) -> Refusal:
    return Refusal(400, 15, f"Please ensure that {field} has less than {limit} characters.")


def missing_value(field: str) -> Refusal:
    return Refusal(400, 1025, f"Please enter a valid value for {field}.")


def unknown_path() -> Refusal:
    return Refusal(404, 5, COULD_NOT_FIND)


def method_not_allowed(method: str) -> Refusal:
    return Refusal(405, 37, f"The HTTP method {method} is not allowed for the requested resource")


def malformed_json() -> Refusal:
    return Refusal(400, 1038, "JSON is not well formed")


def gone(what: str) -> Refusal:
    return Refusal(404, 1002, f"{what} does not exist.")


def already_exists(what: str) -> Refusal:
    return Refusal(400, 1001, f"{what} already exist")


def name_taken(contact_name: str) -> Refusal:
    return Refusal(400, 3062, f'The customer "{contact_name}" already exists. Please specify a different name.')


def over_applied() -> Refusal:
    return Refusal(400, 24016, "The amount applied exceeds the balance of the invoice.")


def in_use(what: str) -> Refusal:
    """Guess: the number Zoho gives here was recorded nowhere."""
    return Refusal(400, 3003, f"The {what} cannot be deleted as it is used in transactions. Mark it inactive.")


def period_locked(until: str) -> Refusal:
    """Guess: the documents tell of transaction locking, but neither its number nor its wording."""
    return Refusal(400, 3021, f"Transactions dated on or before {until} have been locked.")


def no_credentials() -> Refusal:
    return Refusal(
        401, 14, "The request could not be authenticated as the authentication value you entered is invalid."
    )


def not_authorised() -> Refusal:
    return Refusal(401, 57, "You are not authorized to perform this operation")


def not_your_organisation(organization_id: str) -> Refusal:
    sentence = f"This user is not associated with the CompanyID/CompanyName:{organization_id}."
    return Refusal(400, 6041, sentence)


def account_disabled() -> Refusal:
    """The organisation never set this app up, or its trial is over (the latter is a guess)."""
    return Refusal(400, 6018, "Your account is disabled. Please contact support.")


def minute_limit() -> Refusal:
    return Refusal(
        429, 44,
        "For security reasons your organization has been blocked as it have exceeded the maximum number of "
        "requests per minute that can originate from an organization.",
    )  # fmt: skip


def day_limit(limit: int) -> Refusal:
    sentence = f"The API call for this organization has exceeded the maximum call rate limit of {limit}."
    return Refusal(429, 45, sentence)


def too_many_at_once() -> Refusal:
    return Refusal(
        429, 1070,
        "You have reached the maximum number of in process requests allowed. Kindly try again after some time.",
    )  # fmt: skip


def internal_error() -> Refusal:
    return Refusal(500, 1000, "Internal error")


def wrong_state(sentence: str) -> Refusal:
    """Guess: the record's status forbids it; no number was recorded."""
    return Refusal(400, 3008, sentence)
