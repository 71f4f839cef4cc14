"""The mirror: what changed here is brought to the linked Zoho organisation.

Plan (short transaction, marks the record as being sent) → send (no transaction open) → record (only by whoever still
holds the lease).
"""
