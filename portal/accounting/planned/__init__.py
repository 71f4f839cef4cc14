"""Going over to another organisation on a day set in advance."""
