"""Checking a platform from outside: that its log only grows, and that what it shows is what its log says."""
