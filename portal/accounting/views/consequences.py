"""What pausing, resuming, turning and leaving mean, in plain words and with the numbers that are known."""

from collections.abc import Mapping, Sequence

from flask import url_for

from portal.accounting import directions
from portal.accounting.models import MODULES, Link
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.queries import LinkState
from portal.accounting.status import ModuleState
from portal.accounting.views.sure import Asked

_NEEDED_BY = {
    "tax": "items and invoices that bear a new one", "customer": "invoices and money of a new one",
    "item": "invoices with a new one", "invoice": "payments and credit notes of a new one",
}  # fmt: skip


def of_module(link: Link, wanted: str, modules: Sequence[ModuleState]) -> Asked:
    """modules  those that the press is about: one, or all
    wanted  pause, resume, or one of directions.WAYS"""
    tell, yes = {
        "pause": (_pausing, "pause {}"), "resume": (_resuming, "resume {}"),
        directions.BOTH: (_both_ways, "keep {} both ways"), directions.PUSH: (_one_way, "keep {} one way"),
    }[wanted]  # fmt: skip
    doing = yes.format(named(modules))
    title, points = doing[0].upper() + doing[1:], tell(link, modules)
    return Asked(title + "?", points, f"Yes, {doing}", url_for("accounting.show") + "#modules")


def of_ways(link: Link, modules: Mapping[str, ModuleState], turned: Mapping[str, str]) -> Asked:
    """turned  module → its new way, for those that change"""
    points = []
    for way, tell in ((directions.BOTH, _both_ways), (directions.PUSH, _one_way)):
        if about := [modules[module] for module in turned if turned[module] == way]:
            points += [f"{_capital(named(about))}: {'both ways' if way == directions.BOTH else 'one way'}."]
            points += tell(link, about)
    return Asked("Change the direction?", points, "Yes, change it", url_for("accounting.show_fields"))


def of_leaving(link: Link, state: LinkState, plan: PlannedSwitch | None = None) -> Asked:
    name, waiting = link.remote_name, state.on_the_way
    points = [
        f"Nothing goes to {name} any more, and nothing comes from there. The permission is given back to Zoho.",
        "Nothing is deleted, here or there. You go on working here as you do now.",
        f"If you link {name} again later, work goes on where it stopped, and nothing is made twice.",
    ]
    if waiting:
        points.append(
            f"Changes that have not reached {name} yet: {waiting:,}. Wait for them, if you can:"
            " of what is to stay there, invoices and money are then for you to enter by hand."
        )
    if plan is not None:
        points.append(
            f"Going over to {plan.remote_name} on {plan.cut_over_on:%-d %b %Y} is called off. What waits for it stays"
            " here, until you link an organisation."
        )
    return Asked(f"Disconnect {name}?", points, f"Yes, disconnect {name}", url_for("accounting.show"), "danger")


def named(modules: Sequence[ModuleState]) -> str:
    """For example "customers"; "everything" where all are meant."""
    if len(modules) == len(MODULES):
        return "everything"
    return " and ".join(each.called.lower() for each in modules)


def _pausing(link: Link, modules: Sequence[ModuleState]) -> list[str]:
    waiting = sum(each.open for each in modules)
    told = [f"From now on {named(modules)} wait: nothing goes to {link.remote_name} and nothing comes from there."]
    if len(modules) == len(MODULES):
        told = [f"From now on nothing goes to {link.remote_name}, and nothing comes from there."]
    told.append("You go on working here as you do now. What you change follows when you resume; nothing is lost.")
    if waiting:
        told.append(f"Changes on the way now: {waiting:,}. They wait too.")
    needing = [_NEEDED_BY[each.module] for each in modules if each.module in _NEEDED_BY]
    if len(modules) == 1 and needing:
        told.append(f"What needs them waits as well: {needing[0]}.")
    return told


def _resuming(link: Link, modules: Sequence[ModuleState]) -> list[str]:
    resting = [each for each in modules if each.is_paused]
    waiting = sum(each.open for each in resting)
    told = [f"Changes that waited: {waiting:,}. They go to {link.remote_name} now."]
    if not waiting:
        told = [f"Nothing waits now. What you change from now on goes to {link.remote_name} by itself."]
    if any(each.direction == directions.BOTH for each in resting):
        told.append("What was changed there meanwhile is looked for, and comes here.")
    return told


def _both_ways(link: Link, modules: Sequence[ModuleState]) -> list[str]:
    both = sum(each.in_step for each in modules)
    return [
        f"What is changed in {link.remote_name} comes here by itself, field by field, and what you change goes there.",
        f"Records that both sides have: {both:,}. Changes of them there count from now on.",
        "Where both sides changed the same field, and where money hangs on it, you are asked first.",
    ]


def _one_way(link: Link, modules: Sequence[ModuleState]) -> list[str]:
    both = sum(each.in_step for each in modules)
    return [
        f"What is changed in {link.remote_name} no longer comes here. What you change goes there, and replaces it.",
        f"Records that both sides have: {both:,}. They stay as they are now.",
    ]


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
