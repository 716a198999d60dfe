"""How well faces are told from their pictures: measured on a folder of presentations, as numbers with intervals."""
