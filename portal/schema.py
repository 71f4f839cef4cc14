"""Every table of the product, for migrations and for the tests that walk them all."""

from portal.accounting import models as accounting
from portal.accounting.agreement import models as agreement
from portal.accounting.by_hand import models as by_hand
from portal.accounting.mirror import history as mirror_history
from portal.accounting.planned import models as planned
from portal.accounting.pull import models as pull
from portal.accounting.reconciliation import models as reconciliation
from portal.catalogue import models as catalogue
from portal.customers import models as customers
from portal.invoices import holds, joint, pauses
from portal.invoices import models as invoices
from portal.invoices.credit_notes import models as credit_notes
from portal.invoices.documents import models as documents
from portal.invoices.questions import models as questions
from portal.messages import models as messages
from portal.organisations import models as organisations
from portal.payments import deposits, photos, refusals, surplus, uses
from portal.payments import models as payments
from portal.payments.autopay import models as autopay
from portal.payments.cards import models as cards
from portal.payments.cash import models as cash
from portal.payments.payouts import models as payouts
from portal.payments.refunds import models as refunds
from portal.people import models as people
from portal.reminders import models as reminders
from portal.shared import outbox, throttle
from portal.shared.db import Base
from portal.taxes import models as taxes
from portal.taxes.standing import models as standing
from portal.work_orders import models as work_orders
from portal.work_orders.pictures import models as pictures

__all__ = [
    "accounting", "agreement", "autopay", "by_hand", "cards", "cash", "catalogue", "credit_notes", "customers",
    "deposits", "documents", "holds", "invoices", "joint", "messages", "metadata", "mirror_history", "organisations",
    "outbox", "pauses", "payments", "payouts", "people", "photos", "pictures", "planned", "pull", "questions",
    "reconciliation", "refunds", "refusals", "reminders", "standing", "surplus", "taxes", "throttle", "uses",
    "work_orders",
]  # fmt: skip

metadata = Base.metadata
