"""The one guarded HTTP client: every request of this program to another host goes through it.

It stands on a floor of its own below feeds and channels, so that both share one policy and neither can go round it. It
knows nothing of feeds, alerts or settings files; what may be dialled and how much may be read is told by its callers.
"""

from monitor.net.client import Answer, GuardedClient
from monitor.net.dialer import Resolver

__all__ = ["Answer", "GuardedClient", "Resolver"]
