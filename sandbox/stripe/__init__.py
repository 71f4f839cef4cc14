"""A stateful stand-in for the part of Stripe a billing portal uses. It was never compared with the real service."""
