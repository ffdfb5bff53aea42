"""What others have published, read into one form: CodeCarbon, AI Energy Score, ML.ENERGY, BoAmps, PUMA, TokenArena.

Pure: bytes in, frozen dataclasses out; no clock, no database, no network. What is read is shown as a series of its
own and never merged with volunteers' results. The 2024 study lies ready in `joulemark.suite.published`.
"""
