"""Answers that are kept while nothing has changed that they are made of."""
