"""A `portal` process as ever, with leases so short that whoever freezes for some seconds has lost its own."""

import sys
from datetime import timedelta

from portal.accounting.mirror import lease
from portal.cli import main

LEASE_S = 4

if __name__ == "__main__":
    lease.LENGTH = timedelta(seconds=LEASE_S)  # before the rest of the mirror is imported
    sys.exit(main(sys.argv[1:]))
