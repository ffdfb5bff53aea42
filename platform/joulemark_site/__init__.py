"""The Django project that wires Joulemark's apps together."""
