"""EN 16931: the same invoice for machines, as UBL and inside a PDF as Factur-X."""
