"""A newsroom, a mailbox, a webhook receiver and the daemon on one machine -> the product, seen at work.

Never reaches beyond loopback; the daemon in it is the real one, over a configuration and a state of its own.
"""

from monitor.demo.show import run_demo

__all__ = ["run_demo"]
