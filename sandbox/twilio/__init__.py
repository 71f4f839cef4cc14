"""A stand-in for Twilio: takes text messages, sends none, tells what became of them, and shows them on a page."""
