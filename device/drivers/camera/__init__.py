"""Cameras, each in a child process of its own: a stalled libcamera blocks its caller for ever; a child can be killed.

`process.py` is the unit's side, `child.py` the child's; between them lie a socket for words (`words.py`) and shared
memory for frames (`frames.py`). What films is a `Source`: `picamera.py`, `v4l2.py`, `folder.py`. A child hands over
what its camera gave (`forms.py`), and the unit develops it into pixels (`given_frames.py`): so a child needs neither
numpy nor OpenCV, which would take more memory than all the rest of it. That is why nothing is imported here.
"""
