"""People at the desk of 112 who are simulated: call takers and a dispatcher.

They use the same addresses as the pages, each with a token of their own, and leave to a person
whatever a person takes. `voice.py`: the sound of a call taker; `taking.py`: answers, writes the
form, hands on; `dispatching.py`: sends what is recommended where nobody did.
"""
