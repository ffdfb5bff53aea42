"""How moderators come in: login limits, second factor, sessions, which hosts and networks, and what is logged of it."""
