"""Agreement to the cent: what an invoice comes to here and in Zoho, and what people decided where that differs."""
