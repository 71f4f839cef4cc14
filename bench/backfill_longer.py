"""Does the memory of a worker stay flat over 100,000 records?"""

from bench.backfill import bring_over
from bench.figures import Figure
from bench.stage import Stage

CUSTOMERS = 100_000


def measure(stage: Stage) -> list[Figure]:
    return bring_over(stage.product, CUSTOMERS)
