"""How an organisation comes to be: its facts on the list, its settings, its first records."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ..ledger import Ledger
from ..limits import limits_for
from ..store import Store
from ..wire import Record
from .currencies import currency_of

COUNTRIES = {"GB": "United Kingdom", "US": "U.S.A", "IN": "India", "AU": "Australia", "CA": "Canada",
             "JP": "Japan", "SA": "Saudi Arabia", "AE": "United Arab Emirates", "DE": "Germany"}  # fmt: skip
VERSIONS = {"GB": "uk", "US": "us", "IN": "in", "AU": "au", "CA": "ca", "DE": "eu"}


def open_organisation(store: Store, *, dc: str, wanted: Record) -> Ledger:
    """Make an organisation; needs a transaction.

    wanted  name, and as wished: organization_id, products, plan (free, trial, standard, professional,
            premium), state (active, trial_over, unfinished, inactive), mode (live, test), country_code, currency_code,
            time_zone, language_code, portal_name, email, contact_name, tax_rounding, taxes [(name, percentage)]
    """
    organization_id = str(wanted.get("organization_id") or next_organization_id(store))
    settings = _settings(wanted)
    organization = {
        "organization_id": organization_id, "dc": dc, "name": wanted["name"],
        "record_prefix": organization_id[-6:].zfill(6), "time_zone": wanted.get("time_zone", "Europe/London"),
        "portal_name": wanted.get("portal_name") or f"portal{organization_id}", "settings": settings,
        "listed": {}, "address": wanted.get("address", {}),
    }  # fmt: skip
    books = Ledger(store, organization)
    currency = books.add("currencies", currency_of(wanted.get("currency_code", "GBP"), base=True))
    organization["listed"] = _listed(organization, currency, wanted)
    store.put("", "organizations", organization_id, organization)
    for name, percentage in wanted.get("taxes", []):
        books.add("taxes", _tax(name, percentage))
    return books


def next_organization_id(store: Store) -> str:
    taken = [int(row["organization_id"]) for row in store.all("", "organizations")]
    return str(max(taken, default=760000000) + 7)


def admit_user(store: Store, user_id: str, organization_id: str) -> None:
    """Let a user see an organisation; needs a transaction."""
    user = store.get("", "users", user_id)
    assert user is not None
    user["organizations"] = [*user["organizations"], organization_id]
    store.put("", "users", user_id, user)


def _settings(wanted: Record) -> Record:
    return {
        "limits": limits_for(wanted.get("plan", "professional")), "state": wanted.get("state", "active"),
        "sales_tax": wanted.get("sales_tax", True), "auto_number": wanted.get("auto_number", True),
        "tax_rounding": wanted.get("tax_rounding", "entity_level"),
        "rounding_type": wanted.get("rounding_type", "no_rounding"),
        "rounding_increment": wanted.get("rounding_increment", 0),
    }  # fmt: skip


def _tax(name: str, percentage: Any) -> Record:
    return {"tax_name": name, "tax_percentage": Decimal(str(percentage)), "tax_type": "tax", "tax_specific_type": "",
            "tax_authority_id": "", "tax_authority_name": "", "is_value_added": True, "is_default_tax": False,
            "is_editable": True, "status": "Active", "country": "", "country_code": ""}  # fmt: skip


def _listed(organization: Record, currency: Record, wanted: Record) -> Record:
    """One entry of GET /organizations, keys as on the wire."""
    country = wanted.get("country_code", "GB")
    facts = _fixed_facts() | {
        "organization_id": organization["organization_id"], "name": wanted["name"],
        "contact_name": wanted.get("contact_name", "Administrator"), "email": wanted.get("email", ""),
        "country": COUNTRIES.get(country, country), "country_code": country,
        "version": VERSIONS.get(country, "global"), "version_formatted": VERSIONS.get(country, "global").upper(),
        "language_code": wanted.get("language_code", "en"), "time_zone": organization["time_zone"],
        "time_zone_formatted": organization["time_zone"], "mode": wanted.get("mode", "live"),
        "org_type": "test" if wanted.get("mode") == "test" else "organization",
        **{name: currency[name] for name in ("currency_id", "currency_code", "currency_symbol", "currency_format",
                                             "price_precision")},
    }  # fmt: skip
    return facts | _plan_facts(organization, wanted)


def _plan_facts(organization: Record, wanted: Record) -> Record:
    products, state = list(wanted.get("products", ["books"])), wanted.get("state", "active")
    names = {"trial": "PREMIUM TRIAL", "professional": "PROFESSIONAL"}
    plan = wanted.get("plan", "professional")
    created = datetime.now(ZoneInfo(organization["time_zone"])).date().isoformat()
    facts = {
        "org_joined_app_list": products, "AppList": products, "plan_name": names.get(plan, plan.upper()),
        "plan_type": 0 if plan in ("trial", "free") else 1, "plan_period": "Monthly",
        "is_trial_expired": state == "trial_over", "is_trial_period_extended": False,
        "is_quick_setup_completed": state != "unfinished", "is_org_active": state != "inactive",
        "isOrgActive": state != "inactive", "is_subscription_paused": False, "account_created_date": created,
        "account_created_date_formatted": created,
    }  # fmt: skip
    return facts if state == "unfinished" else facts | {"user_status": 1, "user_status_formatted": "Active"}


def _fixed_facts() -> Record:
    """Keys that are on the wire and that nothing here depends on."""
    texts = ("org_alias_name", "phone", "state_code", "state", "partners_domain", "sales_tax_type", "support_email",
             "org_action", "field_separator")  # fmt: skip
    falses = ("isOrgNotSupported", "is_ziedition", "zoho_one_org", "is_solo_org", "is_search360_enabled",
              "is_sales_inclusive_tax_enabled", "is_dsign_required", "can_sign_invoice", "is_user_dsign_mandatory",
              "is_designated_zone", "is_free_zone", "is_registered_for_composite_scheme",
              "is_sales_reverse_charge_enabled", "is_export_with_payment_enabled", "is_gst_india_version",
              "is_registered_for_gst", "is_multientity_org", "is_multientity_enabled", "is_invoice_pmt_tds_allowed",
              "is_hsn_or_sac_enabled", "is_last_active_service", "is_scan_preference_enabled",
              "is_user_accountant", "is_user_last_admin", "is_zpayroll_grid", "is_default_org")  # fmt: skip
    trues = ("org_settings", "is_sku_enabled", "tax_group_enabled", "can_change_timezone", "is_registered_for_tax",
             "is_tax_registered", "is_international_trade_enabled", "can_show_document_tab",
             "is_user_super_admin")  # fmt: skip
    numbers = ("source", "zi_zb_edition", "org_created_app_source", "zi_zb_client", "fiscal_year_start_month",
               "zi_migration_status")  # fmt: skip
    return {**dict.fromkeys(texts, ""), **dict.fromkeys(falses, False), **dict.fromkeys(trues, True),
            **dict.fromkeys(numbers, 0), "custom_field_type": -1, "custom_fields": [],
            "other_active_services": [], "digital_signature_mode": "no_dsign"}  # fmt: skip


def user_record(*, email: str, dc: str, name: str = "") -> Record:
    return {"user_id": f"{dc}:{email}", "email": email, "dc": dc, "name": name or email.split("@")[0].title(),
            "organizations": [], "created_at": datetime.now(UTC).isoformat()}  # fmt: skip
