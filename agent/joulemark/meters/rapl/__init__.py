"""Processor and memory, by the counters of RAPL that the kernel shows."""
