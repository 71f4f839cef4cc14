"""Verbs that bring money in: begin a payment, settle it, close it, keep what Stripe tells us."""

from portal.invoices.credit_notes.queries import IN_MONEY
from portal.invoices.credit_notes.voiding import MONEY_BACK
from portal.invoices.prepaid import PREPAID
from portal.invoices.sending import ON_STOPPED
from portal.payments.actions.accounts import connect_stripe_account, refresh_webhook_address, webhook_secrets
from portal.payments.actions.attempts import Started, Wish, start_attempt
from portal.payments.actions.autopay import announce_invoices, end_autopay, take_due_announcements
from portal.payments.actions.autopay_charging import charge_invoice, look_at_charge, take_due_runs
from portal.payments.actions.booked import BookedPayment, add_booked_payment, put_booked_payment, set_free
from portal.payments.actions.card_removal import forget_at_stripe, remove_card, take_due_removals
from portal.payments.actions.cards import CannotKeepCard, CardWish
from portal.payments.actions.credit import apply_credit
from portal.payments.actions.credit_refunds import refund_credit_note
from portal.payments.actions.crediting import put_credit_note, raise_credit_note
from portal.payments.actions.debits import end_debit, offer_debit
from portal.payments.actions.declines import take_cards_again
from portal.payments.actions.deposits.closing import close_as_cancelled
from portal.payments.actions.deposits.freeing import free_deposit
from portal.payments.actions.deposits.paying import start_deposit
from portal.payments.actions.deposits.requests import ask_deposit, withdraw_request
from portal.payments.actions.deposits.sending import CannotAsk, Way, screen_address, send_request
from portal.payments.actions.deposits.taking import put_deposits
from portal.payments.actions.earlier_accounts import earlier_accounts, remove_account, renew_earlier_key
from portal.payments.actions.events import follow_event, keep_event, note_failed_event, retry_event, take_due_events
from portal.payments.actions.given_twice import settle_given_twice
from portal.payments.actions.giving_back import CannotFollow, decide, give_back
from portal.payments.actions.note_voiding import money_back, void_credit_note
from portal.payments.actions.offline import OfflinePayment, Recorded, record_payment
from portal.payments.actions.payouts import follow_payout, sweep_payouts, take_due_payouts
from portal.payments.actions.refunds import CannotRefund, plan_refund
from portal.payments.actions.refunds_at_stripe import follow_refund, take_due_refunds
from portal.payments.actions.releases import release_invoice, void_invoice, write_off_invoice
from portal.payments.actions.reversal import reverse_payment
from portal.payments.actions.reversal_news import send_in_its_place
from portal.payments.actions.settlement import look_at_attempt, look_soon, settle, take_due_attempts
from portal.payments.actions.stopping import close_pages
from portal.payments.actions.surpluses import keep_surplus
from portal.payments.actions.sweeping import sweep_events, take_due_sweep
from portal.payments.actions.together import start_together
from portal.payments.refunds.limits import credit_in_money
from portal.work_orders.actions import ON_CANCELLED

if put_deposits not in PREPAID:
    PREPAID.append(put_deposits)
    ON_CANCELLED.append(close_as_cancelled)
    ON_STOPPED.append(close_pages)
    IN_MONEY.append(credit_in_money)
    MONEY_BACK.append(money_back)

__all__ = [
    "BookedPayment",
    "CannotAsk",
    "CannotFollow",
    "CannotKeepCard",
    "CannotRefund",
    "CardWish",
    "OfflinePayment",
    "Recorded",
    "Started",
    "Way",
    "Wish",
    "add_booked_payment",
    "announce_invoices",
    "apply_credit",
    "ask_deposit",
    "charge_invoice",
    "connect_stripe_account",
    "decide",
    "earlier_accounts",
    "end_autopay",
    "end_debit",
    "follow_event",
    "follow_payout",
    "follow_refund",
    "forget_at_stripe",
    "free_deposit",
    "give_back",
    "keep_event",
    "keep_surplus",
    "look_at_attempt",
    "look_at_charge",
    "look_soon",
    "note_failed_event",
    "offer_debit",
    "plan_refund",
    "put_booked_payment",
    "put_credit_note",
    "raise_credit_note",
    "record_payment",
    "refresh_webhook_address",
    "refund_credit_note",
    "release_invoice",
    "remove_account",
    "remove_card",
    "renew_earlier_key",
    "retry_event",
    "reverse_payment",
    "screen_address",
    "send_in_its_place",
    "send_request",
    "set_free",
    "settle",
    "settle_given_twice",
    "start_attempt",
    "start_deposit",
    "start_together",
    "sweep_events",
    "sweep_payouts",
    "take_cards_again",
    "take_due_announcements",
    "take_due_attempts",
    "take_due_events",
    "take_due_payouts",
    "take_due_refunds",
    "take_due_removals",
    "take_due_runs",
    "take_due_sweep",
    "void_credit_note",
    "void_invoice",
    "webhook_secrets",
    "withdraw_request",
    "write_off_invoice",
]
