"""The ground floor of HTTP: addresses, links, problem documents, CSV and the description of the API."""
