"""HTTP doors of `access`, by noun."""

from warroom.access.contracts import CHANGED, VIEW
from warroom.access.routes import requests
from warroom.kernel.http import Router
from warroom.kernel.realtime import Topic

routers: list[Router] = [requests.router]

TOPICS: list[Topic] = [Topic(CHANGED, VIEW)]
