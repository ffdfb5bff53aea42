"""Who sends: keys and devices under pseudonyms."""
