"""A witness: keeps the last checkpoint of a log and cosigns the next one once it is shown to continue it."""
