"""The documents in which a release describes itself, for people and for programs of other projects."""

from measurements.releases.documents.writing import store_documents

__all__ = ["store_documents"]
