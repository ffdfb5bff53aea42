"""A static copy of the site: the platform's own pages as files, one release of the data, and an explorer of its tables."""
