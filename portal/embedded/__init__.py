"""PostgreSQL, Redis and child processes where nothing is installed: for the demo, the tests and the figures."""
