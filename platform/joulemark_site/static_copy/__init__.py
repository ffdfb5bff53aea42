"""A static copy of the site: the platform's own pages as files, one release, and an explorer of its tables."""
