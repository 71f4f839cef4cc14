"""The nemesis: everything breaks at once, for a while, and afterwards both sides must hold the same.

`make chaos` runs it for two minutes (LONG=1: ten), `test_chaos.py` for a few seconds. The seed decides who does what
and what breaks; the clock and the operating system decide the rest, so a seed makes a find likely again, not certain.
"""
