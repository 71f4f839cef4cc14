"""What customers ask about an invoice on its page. Until somebody has answered, nobody reminds them of it."""
