"""Pages of jobs: today's visits, one job, adding to it, planning it."""

from portal.work_orders.views import doing, looking, picturing, planning, splitting
from portal.work_orders.views.pages import bp

__all__ = ["bp", "doing", "looking", "picturing", "planning", "splitting"]
