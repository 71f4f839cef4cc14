"""A mailbox that takes any mail by SMTP, delivers none of it, and shows it on a web page."""
