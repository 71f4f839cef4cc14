"""Every test here stands before the same till."""

from tests.paying import fresh_delivery, till

__all__ = ["fresh_delivery", "till"]
