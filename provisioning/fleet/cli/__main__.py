"""`python -m provisioning.fleet.cli`, for whoever starts the service as a child."""

from provisioning.fleet.cli.main import main

main()
