"""The form of an authority."""

from collections.abc import Mapping

from portal.shared.forms import Form
from portal.taxes.authorities.actions import LONGEST_NAME, Said
from portal.taxes.models import Authority


def read_authority(raw: Mapping[str, str]) -> tuple[Form, Said]:
    form = Form(raw)
    return form, Said(
        name=form.text("name", "a name", longest=LONGEST_NAME),
        registration_number=form.text("registration_number", "your number", longest=60, required=False),
        description=form.text("description", "a note", longest=200, required=False),
    )


def filled_with(authority: Authority) -> Form:
    return Form(
        name=authority.name, registration_number=authority.registration_number, description=authority.description
    )
