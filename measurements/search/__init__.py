"""The search over all that has a page or a place on one: catalogue, rules, terms, claims, people, results."""
