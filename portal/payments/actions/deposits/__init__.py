"""Money before the work: asked for by a link, paid, taken, and taken off the job's invoice."""
