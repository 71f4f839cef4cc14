"""Cards that customers have saved: kept with their consent, removed by whoever holds the link, or by the firm."""
