"""What one customer owes, all in one: to look at, to print, to mail."""
