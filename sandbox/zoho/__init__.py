"""A stand-in for Zoho Books and Zoho Invoice: nothing here is real and no money moves."""
