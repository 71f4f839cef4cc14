"""Both sides may count on in the same series: our invoices pass over what Zoho was seen to have given."""

from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session

from portal.organisations import numbering

_FAR = 1_000  # what is further ahead is met again before we come to it


def pass_over(session: Session, organisation_id: int, seen: Callable[[list[str]], Iterable[str]]) -> None:
    """The next invoice gets a number that Zoho has not been seen to have. Does not commit.

    seen  which of so many numbers, the next ones of ours, are there
    """
    series = numbering.list_series(session, organisation_id)["invoice"]
    coming = {
        numbering.written(series.prefix, number, series.digits): number
        for number in range(series.next_number, series.next_number + _FAR)
    }
    last = max((coming[number] for number in seen(list(coming)) if number in coming), default=None)
    if last is not None:
        numbering.set_series(session, organisation_id, "invoice", series.prefix, last + 1)
