"""What tests, benchmarks and `simulate_crowd` have in place of the world: cards, machines, models, sessions, bundles.

Nothing that a volunteer or an operator relies on imports it; of the platform `manage.py simulate_crowd` alone does.
"""
