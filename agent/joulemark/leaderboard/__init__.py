"""From judged results to cells, comparisons and places: what a platform stores, and what a replay of a release redoes.

Pure: no table, no clock, no network. The platform's apps read rows and call these functions; `joulemark.replay` reads
bundles and calls the same ones, so that equal evidence gives equal numbers.
"""
