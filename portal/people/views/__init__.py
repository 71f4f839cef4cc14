"""Signing in and out, signing up, the staff, and the way in."""

from portal.people.views import choosing, passwords, signing_in, signing_up, staff
from portal.people.views.way_in import bp, load_viewer

__all__ = ["bp", "choosing", "load_viewer", "passwords", "signing_in", "signing_up", "staff"]
