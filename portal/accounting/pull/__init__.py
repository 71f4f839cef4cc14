"""What is changed in Zoho comes back: looked for, merged field by field, asked about where nobody may guess."""
