"""Every check that a result must pass: one rule, one function, one code, one sentence.

Pure: the platform runs these in its review, a volunteer runs the same ones before sending, and anyone runs them over a
published release. Start with `joulemark.rules.judge`.
"""
