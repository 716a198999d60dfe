"""People and pictures of people before the simulated camera, in motion."""
