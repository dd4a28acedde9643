"""HTTP doors of `access`, by noun."""

from warroom.access.contracts import CHANGED, EMERGENCY, VIEW
from warroom.access.routes import emergencies, requests, reviews
from warroom.kernel.http import Router
from warroom.kernel.realtime import Topic

routers: list[Router] = [emergencies.router, requests.router, reviews.router]

# An emergency is told to everybody who works for either agency.
TOPICS: list[Topic] = [Topic(CHANGED, VIEW), Topic(EMERGENCY, "city:view")]
