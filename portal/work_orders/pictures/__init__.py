"""Photos of the work and the customer's signature: what shows that a job was done."""
