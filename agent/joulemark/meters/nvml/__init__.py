"""NVIDIA graphics processors, by NVML: which one is used, its counter and readings, its conditions and checks."""
