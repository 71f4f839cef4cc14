"""What Stripe pays out, entry by entry."""
