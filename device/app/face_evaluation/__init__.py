"""How well faces are told apart: measured on a folder of photos, as numbers with intervals. No face is kept."""
