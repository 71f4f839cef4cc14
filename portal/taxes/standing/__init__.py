"""Who stands how for tax: reasons to bear none, the firm's own registration, what a place asks for."""
