"""Small programs on top of the reference consumer (docs/consumer.md); each runs as it stands.

print_visits   the ten lines
webhook        every visit as a POST to an address of yours
fhir           every visit as a FHIR R4 CoverageEligibilityResponse, a file each
"""
