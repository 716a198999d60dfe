"""Hostile input by the million: each harness takes bytes and fails on anything but an orderly refusal.

harnesses   what is fuzzed, by name
wire_golden what may be opened and believed
cards       cards made of fuzzed bytes
guided      one harness under atheris, which looks for input that reaches new code
replay      the same harness without atheris: the corpus, and deterministic variations of it
__main__    `python -m fuzz`: all harnesses or some, for so many runs or seconds
corpus/     small inputs to start from, a folder per harness
"""
