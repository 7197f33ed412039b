"""Web pages: what people reach by a link in a message. One page for each action; GET shows it, POST acts.

    console.py   from a request to a page: checks the link, acts on the store      pages.py   how pages look
    subscribing.py   people who subscribe by themselves, and confirm it by a link

It reads the store and writes only what a link allows: silences, choices, false alarms. It serves nothing itself; the
engine's HTTP server asks it.
"""

from monitor.console.console import Console, Request
from monitor.console.pages import Page
from monitor.console.subscribing import SUBSCRIBE, Offer, forget

__all__ = ["SUBSCRIBE", "Console", "Offer", "Page", "Request", "forget"]
