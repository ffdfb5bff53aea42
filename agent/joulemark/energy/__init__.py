"""From raw ticks to joules.

Pure: the agent, the platform's rules and a reader's replay call the same functions.
"""
