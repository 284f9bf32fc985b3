"""Collab: a self-hosted server for documents that many people edit at once."""
