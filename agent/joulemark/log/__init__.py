"""The transparency log: RFC 6962 hashing, tiles, signed notes, checkpoints and the leaves themselves.

Pure: no network, no clock, no framework. A platform writes its log with it; the agent and anybody else checks it.
"""
