"""What the card part costs, as ratios measured in one run: `make bench`.

apdu_cost     the host's cost per command, ours against bare pyscard loops
card_part     everything that a visit asks of the card, against the time that link and card take
card_process  the simulated cards, in a process of their own so that they take no time from what is measured
picture       where the time goes, as a picture
"""
