"""Zoho Books and Zoho Invoice over HTTP: their hosts, their tokens, their calls, and what their errors mean."""
