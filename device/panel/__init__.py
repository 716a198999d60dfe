"""Hands and eyes of the visitor: keys out of samples, levels out of cues. Nothing here sleeps or asks for the time.

keys    time-stamped samples of the matrix -> pressed keys, one at a time
entry   pressed keys -> a PIN that nobody saw
cues    a cue and the time since it began -> lamps and buzzer
"""
