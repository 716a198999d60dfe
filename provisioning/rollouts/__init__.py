"""A version goes out in waves, and comes back where it does harm.

plan     what a rollout is: waves, thresholds, soak, window
machine  what to do next: a pure function of plan, progress, what units said, and the time
desk     the machine with the fleet's store, signed orders and units' reports
"""
