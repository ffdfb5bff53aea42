"""What a machine with a GPU and no package index needs to say how its sensors behave: wheels, one script, one report.

`build` collects it into build/gpu-bundle/ (`make gpu-bundle`), where `check.py` is the script. Every part runs in a
process of its own, within a time of its own; what fails is written down, and the report comes in any case.
"""
