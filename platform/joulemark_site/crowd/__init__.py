"""A reproducible crowd of simulated contributors, for demonstrations and load tests: `manage.py simulate_crowd`.

What it sends goes through the real doors, rules and consensus; what it measured is drawn. Never shown as real: every
contributor is called `simulated-…`, and the command runs on loopback origins alone.
"""
