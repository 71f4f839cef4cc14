"""The steps between the consent and the first record that goes over: taxes, first import, rehearsal, start."""
