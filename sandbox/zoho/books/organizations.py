"""Organisations: list, read, create, move between Invoice and Books."""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .. import errors, fields
from ..limits import limits_for
from ..registry import Call, operation
from ..wire import Answer, Record
from .new_organisation import admit_user, open_organisation

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
          "november", "december")  # fmt: skip
PORTAL = re.compile(r"[A-Za-z0-9]{5,30}")
ZONES = {"GB": "Europe/London", "US": "America/New_York"}
DETAIL = ("organization_id", "name", "contact_name", "email", "phone", "is_default_org", "language_code",
          "field_separator", "currency_id", "currency_code", "currency_symbol", "currency_format", "price_precision",
          "is_org_active", "country", "country_code", "version", "mode", "org_joined_app_list", "time_zone",
          "account_created_date", "custom_fields", "is_trial_period_extended",
          "is_quick_setup_completed")  # fmt: skip


@operation("GET /organizations", "settings.READ", without_organisation=True)
def list_organizations(call: Call) -> Answer:
    """All of the user's, also those that only use other products; one page without page_context."""
    found = [call.store.peek("", "organizations", one) for one in call.user["organizations"]]
    return Answer({"organizations": [one["listed"] for one in found if one and one["dc"] == call.dc]})


@operation("POST /organizations", "settings.CREATE", without_organisation=True)
def create_organization(call: Call) -> Answer:
    """Books begins with a trial, Invoice is free."""
    fields.require(call.body, "name", "currency_code", "time_zone", "portal_name")
    _check_new(call)
    address = call.body.get("address") or {}
    books = open_organisation(call.store, dc=call.dc, wanted={
        **{name: call.body[name] for name in ("name", "currency_code", "time_zone", "portal_name")},
        "language_code": call.body.get("language_code", "en"), "address": address,
        "products": [call.product], "plan": "trial" if call.product == "books" else "free",
        "country_code": _country(call.body, address), "email": call.user["email"],
    })  # fmt: skip
    _set_month(books.organization, call.body)
    admit_user(call.store, call.user["user_id"], books.id)
    location = f"/api/v3/organizations/{books.id}"
    return Answer({"organization": detail(books.organization)}, "success", 201, location)


@operation("GET /organizations/{organization_id}", "settings.READ")
def get_organization(call: Call, organization_id: str) -> Answer:
    return Answer({"organization": detail(call.books.organization)})


@operation("POST /organizations/{organization_id}/upgradetobooks", "settings.CREATE")
def upgrade_to_books(call: Call, organization_id: str) -> Answer:
    _rejoin(call, "books", "trial")
    return Answer(message="The organization has been upgraded to Zoho Books.")


@operation("POST /organizations/{organization_id}/downgradetoinvoice", "settings.CREATE")
def downgrade_to_invoice(call: Call, organization_id: str) -> Answer:
    _rejoin(call, "invoice", "free")
    return Answer(message="The organization has been downgraded to Zoho Invoice.")


def detail(organization: Record) -> Record:
    """No plan and no is_trial_expired here; the month is a name."""
    listed = organization["listed"]
    facts = {name: listed[name] for name in DETAIL}
    return facts | {
        "fiscal_year_start_month": MONTHS[listed["fiscal_year_start_month"]], "status": "1",
        "portal_name": organization["portal_name"], "is_portal_enabled": False, "date_format": "dd MMM yyyy",
        "address": {"street_address1": "", "street_address2": "", "city": "", "state": "", "state_code": "",
                    "zip": "", "country": listed["country"]} | organization["address"],
        "tax_settings": {"is_tax_registered": organization["settings"]["sales_tax"], "tax_reg_no": ""},
        "tax_basis": "accrual", "customer_languages": [], "payments_url": "",
    }  # fmt: skip


def _check_new(call: Call) -> None:
    portal = str(call.body["portal_name"])
    if not PORTAL.fullmatch(portal):
        raise errors.invalid_value("portal_name")
    if any(row["portal_name"].lower() == portal.lower() for row in call.store.all("", "organizations")):
        raise errors.already_exists(f'Portal name "{portal}"')
    try:
        ZoneInfo(str(call.body["time_zone"]))
    except (ZoneInfoNotFoundError, ValueError):
        raise errors.invalid_value("time_zone") from None


def _country(body: Record, address: Record) -> str:
    from_address = str(address.get("country", "")).upper()
    by_zone = next((code for code, zone in ZONES.items() if zone == body["time_zone"]), "US")
    return from_address if len(from_address) == 2 else by_zone


def _set_month(organization: Record, body: Record) -> None:
    month = body.get("fiscal_year_start_month", "january")
    if month not in MONTHS:
        raise errors.invalid_value("fiscal_year_start_month")
    organization["listed"]["fiscal_year_start_month"] = MONTHS.index(month)


def _rejoin(call: Call, product: str, plan: str) -> None:
    """The same records, another product: the organisation's id and all ids in it stay."""
    organization = call.store.get("", "organizations", call.books.id)
    assert organization is not None
    listed = organization["listed"]
    others = [one for one in listed["org_joined_app_list"] if one not in ("books", "invoice")]
    listed |= {"org_joined_app_list": [product, *others], "AppList": [product, *others],
               "plan_name": "PREMIUM TRIAL" if plan == "trial" else "FREE"}  # fmt: skip
    organization["settings"]["limits"] = limits_for(plan)
    call.store.put("", "organizations", call.books.id, organization)
