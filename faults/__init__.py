"""The fault campaign: everything that can go wrong between a unit's outbox and the clinic's store, and one checker.

history     what happened, in order, and what must never be in it
clinic      a model of the clinic's consumer that writes its history
world       one unit in simulated weather: thousands of histories on a simulated clock
histories   that world on all processors
crashes     a real process, killed with SIGKILL before its n-th write to the outbox, for every n
power       what a disk may hold after a power cut, from each step of a real operation
state_files each operation on each file that a unit keeps, cut everywhere (state_papers, state_subject)
disk        the outbox on a disk that is full, read-only, or has bad bytes
proxy       a TCP proxy that holds, cuts and delays; and one that ends TLS and doubles or reorders MQTT packets
unit        a unit's link as a process of its own
site        a real mosquitto, the clinic's real program and that unit, with the proxy between
episodes    one fault at a time on that site, and how long it takes to recover
report      figures and plot
__main__    `python -m faults`
"""
