"""Tasks, data sets, models and hardware as the suites define them."""
