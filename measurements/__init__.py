"""Django apps: what becomes of a result, in the order in which a result passes them."""
