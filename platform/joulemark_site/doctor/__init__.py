"""`manage.py doctor`: looks for wrong settings of a platform, from its environment to what a reader outside sees of it.

The agent's `joulemark doctor` is another program: it looks at a volunteer's machine.
"""
