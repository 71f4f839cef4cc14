"""What the firm can show when a cardholder argues: gathered from the job, ready to be given to Stripe."""
