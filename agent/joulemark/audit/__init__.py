"""The audit of a platform from outside: its log only grows, and its tables and pages agree with its log."""
