"""The line to the clinic as a machine without input or output: what to do when it is gone is decided here.

policy    every number there is, with its unit
events    what the machine is told      actions   what it wants done
backoff   when to try again             asks      questions that wait for an answer
window    results that wait for a receipt
machine   the whole
"""
