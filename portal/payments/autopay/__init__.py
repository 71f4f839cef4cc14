"""Later invoices of a customer charged by themselves: announced, looked at once more, charged once."""
