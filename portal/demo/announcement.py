"""Says where everything is: for the person in words, for programs in demo.json."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.demo.environment import Addresses, write_privately
from portal.embedded.interruption import say


def announce(
    state_dir: Path, addresses: Addresses, environment: Mapping[str, str], facts: Mapping[str, Any], took_s: float
) -> None:
    _write_down(state_dir / "demo.json", addresses, environment, facts)
    say(f"\nReady after {took_s:.1f} s. No money moves and nothing leaves this machine.\n")
    for name, place in _places(addresses).items():
        say(f"  {name:<17}{place}")
    for firm, sign_ins in facts["sign_ins"].items():
        say(f"\n  {firm}")
        for role, sign_in in sign_ins.items():
            phone = "   (made for a phone: try 390 × 844)" if role == "Field Agent" else ""
            say(f"    {role:<21}{sign_in['email']}   {sign_in['password']}{phone}")
        say(f"    {'Books at Zoho':<21}{facts['zoho'][firm]['books']}")
    own = facts["own_firm"]
    say(f"\n  Your own firm: sign up, then use the Zoho user {own['zoho_user']} and the Stripe key {own['stripe_key']}")
    say(f"\n  An invoice to pay  {facts['pay_link']}")
    say("  Test card          4242 4242 4242 4242, any date, any code")
    say(f"\nLogs are in {state_dir / 'logs'}. Ctrl-C stops everything.")


def _places(addresses: Addresses) -> dict[str, str]:
    return {
        "Portal": addresses.url("web"),
        "Zoho stand-in": addresses.url("zoho"),
        "Stripe stand-in": addresses.url("stripe") + "/dashboard",
        "Mailbox": addresses.url("mailbox"),
        "Text messages": addresses.url("twilio"),
    }


def _write_down(written: Path, addresses: Addresses, environment: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    """Only the owner may read it: sign-ins are in it."""
    known = {
        "pid": os.getpid(),
        "ports": addresses.ports,
        "addresses": {"portal": addresses.url("web"), **addresses.stand_ins},
        "sign_ins": facts["sign_ins"],
        "pay_link": facts["pay_link"],
        "own_firm": facts["own_firm"],
        "stand_ins": {"zoho": facts["zoho"], "stripe": {"keys": facts["stripe_keys"]}},
        "database_url": environment["DATABASE_URL"],
        "redis_url": environment["REDIS_URL"],
        "smtp_url": environment["SMTP_URL"],
    }
    write_privately(written, json.dumps(known, indent=2, ensure_ascii=False))
