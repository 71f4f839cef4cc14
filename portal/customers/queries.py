"""Finding customers."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.customers.models import Customer
from portal.shared.errors import NotFound
from portal.shared.text import anywhere

PAGE_SIZE = 50


def list_customers(session: Session, *, search: str = "", page: int = 1) -> tuple[Sequence[Customer], bool]:
    """One page by name, and whether there is another."""
    found = select(Customer).order_by(Customer.name, Customer.id)
    if search:
        pattern = anywhere(search)
        found = found.where(
            or_(Customer.name.ilike(pattern), Customer.email.ilike(pattern), Customer.number.ilike(pattern))
        )
    rows = session.scalars(found.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1)).all()
    return rows[:PAGE_SIZE], len(rows) > PAGE_SIZE


def get_customer(session: Session, customer_id: int) -> Customer:
    """With contacts and addresses. Raises NotFound."""
    customer = session.scalars(
        select(Customer)
        .where(Customer.id == customer_id)
        .options(selectinload(Customer.contacts), selectinload(Customer.addresses), joinedload(Customer.exemption))
    ).one_or_none()
    if customer is None:
        raise NotFound
    return customer


def find_customer(session: Session, customer_id: int) -> Customer | None:
    """Alone, for a list to choose from."""
    return session.get(Customer, customer_id)


def find_by_form(session: Session, form_id: str) -> Customer | None:
    """The customer that this form made before, when it comes a second time."""
    return session.scalars(select(Customer).where(Customer.form_id == form_id)).one_or_none()
