"""The story of one run: plan, ticket, warm up, measure, sign, keep, send. Import the modules by name."""
