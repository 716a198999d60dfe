"""The drawings of hw/: made from the data beside it, written into docs/pictures by `python -m hw.drawings`."""
