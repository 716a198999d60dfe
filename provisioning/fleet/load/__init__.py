"""What a fleet's service bears: thousands of light units in one process, over mutual TLS, against a broker of its own.

packets   the few MQTT 5 packets that a light unit says
light     a light unit: a connection without a thread
units     certificates for many units at once
phases    claims, heartbeats, a flood, a storm of reconnects
report    what was measured, in words, JSON and plots
"""
