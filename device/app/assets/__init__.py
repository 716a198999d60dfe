"""Weights and photos: fetched at set-up, checked by digest, never in the repository."""
