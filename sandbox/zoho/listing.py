"""Lists: search by field, filter_by, sort, pages, and the page_context that Zoho sends along."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import errors
from .registry import Call
from .wire import Answer, Record, as_number

MOST_PER_PAGE = 200
Keep = Callable[[Record], bool]


@dataclass(frozen=True)
class Listing:
    """What one list offers. Parameters it doesn't name are ignored, as Zoho ignores them."""

    plural: str
    report_name: str
    sorts: tuple[str, ...]
    default_sort: tuple[str, str]  # column and A or D
    texts: tuple[str, ...] = ()  # with _startswith and _contains
    amounts: tuple[str, ...] = ()  # with _less_than, _less_equals, _greater_than, _greater_equals
    dates: tuple[str, ...] = ()  # with _start, _end, _before, _after
    exact: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()  # fields that search_text looks into
    filters: Mapping[str, Keep] = field(default_factory=dict)
    default_filter: str = "Status.All"
    statuses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # `status` of the query to statuses of rows
    by_modification: bool = False


def having(name: str, value: str) -> Keep:
    """A filter: the row's field has this value."""
    return lambda row: bool(row[name] == value)


def answer_list(call: Call, listing: Listing, rows: list[Record], **more_context: Any) -> Answer:
    """`rows` are the finished list rows, oldest first."""
    applied = call.query.get("filter_by") or listing.default_filter
    found = _filtered(call, listing, rows, applied)
    column, order = _sorting(call, listing)
    found.sort(key=lambda row: _sort_key(row.get(column)), reverse=order == "D")
    page, per_page = _whole(call, "page", 1), min(_whole(call, "per_page", MOST_PER_PAGE), MOST_PER_PAGE)
    window = found[(page - 1) * per_page : page * per_page]
    context = {"page": page, "per_page": per_page, "has_more_page": len(found) > page * per_page,
               "report_name": listing.report_name, "applied_filter": applied, "custom_fields": [],
               "sort_column": column, "sort_order": order, **more_context}  # fmt: skip
    return Answer({listing.plural: window, "page_context": context})


def _filtered(call: Call, listing: Listing, rows: list[Record], applied: str) -> list[Record]:
    tests = [test for name, value in call.query.items() if (test := _test(listing, name, value))]
    if applied not in listing.filters and applied != listing.default_filter:
        raise errors.invalid_value("filter_by")
    if applied in listing.filters:
        tests.append(listing.filters[applied])
    return [row for row in rows if all(test(row) for test in tests)]


def _test(listing: Listing, name: str, value: str) -> Keep | None:
    if name == "last_modified_time" and listing.by_modification:
        since = instant(value, name)
        return lambda row: instant(row["last_modified_time"], name) >= since
    if name == "search_text":
        return lambda row: any(value.casefold() in str(row.get(one, "")).casefold() for one in listing.searched)
    if name == "status" and listing.statuses:
        return _status_test(listing, value)
    if name in listing.exact:
        return lambda row: str(row.get(name, "")).lower() == value.lower()
    return _text_test(listing, name, value) or _amount_test(listing, name, value) or _date_test(listing, name, value)


def _status_test(listing: Listing, value: str) -> Keep:
    wanted = listing.statuses.get(value.lower())
    if wanted is None:
        raise errors.invalid_value("status")
    return lambda row: row["status"] in wanted


def _text_test(listing: Listing, name: str, value: str) -> Keep | None:
    wanted = value.casefold()
    tests: dict[str, Callable[[str], bool]] = {
        "": lambda text: text == wanted,
        "_startswith": lambda text: text.startswith(wanted),
        "_contains": lambda text: wanted in text,
    }
    for field_name in listing.texts:
        for suffix, test in tests.items():
            if name == field_name + suffix:
                return lambda row, f=field_name, t=test: t(str(row.get(f, "")).casefold())  # type: ignore[misc]
    return None


def _amount_test(listing: Listing, name: str, value: str) -> Keep | None:
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "": lambda a, b: a == b, "_less_than": lambda a, b: a < b, "_less_equals": lambda a, b: a <= b,
        "_greater_than": lambda a, b: a > b, "_greater_equals": lambda a, b: a >= b,
    }  # fmt: skip
    if not any(name == one + suffix for one in listing.amounts for suffix in tests):
        return None
    return _compared(listing.amounts, tests, name, as_number(value, name))


def _date_test(listing: Listing, name: str, value: str) -> Keep | None:
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "": lambda a, b: a == b, "_start": lambda a, b: a >= b, "_end": lambda a, b: a <= b,
        "_before": lambda a, b: a < b, "_after": lambda a, b: a > b,
    }  # fmt: skip
    return _compared(listing.dates, tests, name, value)


def _compared(
    fields: tuple[str, ...], tests: Mapping[str, Callable[[Any, Any], bool]], name: str, wanted: Any
) -> Keep | None:
    for field_name in fields:
        for suffix, test in tests.items():
            if name == field_name + suffix:
                return lambda row, f=field_name, t=test: t(row[f], wanted)  # type: ignore[misc]
    return None


def _sorting(call: Call, listing: Listing) -> tuple[str, str]:
    column = call.query.get("sort_column") or listing.default_sort[0]
    if column not in (*listing.sorts, listing.default_sort[0]):
        raise errors.invalid_value("sort_column")
    order = call.query.get("sort_order") or (listing.default_sort[1] if "sort_column" not in call.query else "A")
    order = {"ascending": "A", "descending": "D"}.get(order, order)
    if order not in ("A", "D"):
        raise errors.invalid_value("sort_order")
    return column, order


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None or value == "":
        return (0, 0)
    return (1, value) if not isinstance(value, str) else (2, value.casefold())


def _whole(call: Call, name: str, otherwise: int) -> int:
    text = call.query.get(name)
    if text is None or text == "":
        return otherwise
    if not text.isdigit() or int(text) < 1:
        raise errors.invalid_value(name)
    return int(text)


def instant(text: str, name: str) -> datetime:
    """A timestamp with an offset, colon or not. A plus sign that wasn't escaped arrives as a blank and is refused."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise errors.invalid_value(name) from None
    if moment.tzinfo is None:
        raise errors.invalid_value(name)
    return moment
