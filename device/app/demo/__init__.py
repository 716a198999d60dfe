"""Six visits with a real broker, real card protocol, real X.509 and a real face match, shown live.

cast      who comes, with which card and which face
visits    what they do, and how it should end
site      the clinic around the unit: certificates, broker, gateway and consumer as processes of their own
stage     the unit of simulated parts, and hands that act when it is time
narrator  what a spectator sees; the closing table; JSON
keyboard  visits of one's own
"""

from device.app.demo.performance import Programme, play

__all__ = ["Programme", "play"]
