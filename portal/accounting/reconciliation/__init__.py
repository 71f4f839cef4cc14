"""Reconciliation: both sides are counted, summed and compared record by record.

Reading (one page a step, kept at once) → confirming (what is not in the list is asked for by its id) → closing (one
pass over both sides, in order). It rides in the drainer's turns, after everything that is due, within its budget.
"""
