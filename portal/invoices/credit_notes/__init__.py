"""Credit notes: what takes back a sent invoice, in whole or in part."""
