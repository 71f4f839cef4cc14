"""Text messages: the firm's own account for them, and what becomes of each."""
