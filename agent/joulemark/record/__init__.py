"""What a result is: the signed statement, its envelope, the keys, the bundle file and the receipt.

Pure: no network, no clock, no device, no framework. Import the modules by name; nothing is imported here, so that
`joulemark verify` pays for what it uses and no more.
"""
