"""Reminding customers of what they owe: when, how, and when not."""
