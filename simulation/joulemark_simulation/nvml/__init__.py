"""A simulated NVML: a driver library that any program loads as the real one, with a clock and an exact truth."""
