"""Callers of the simulated city: who calls 112, when, from where, and what they say.

They are met as real ones are: SIP with PIDF-LO and RTP with G.711, over UDP. What they say is made
by `espeak-ng` in Indonesian where that is installed, and is a melody of tones where it is not,
which the command says. `day.py`: a day's load; `stories.py`: what is said; `caller.py`: one call.
"""
