"""config folder and environment -> Config, or ConfigError with every problem of every file at once.

Never reaches the network and never writes, but for the JSON Schemas when asked.
"""

from monitor.config.load import load_config
from monitor.config.model import (
    Channel,
    Config,
    ConfiguredFeed,
    Digest,
    EmailChannel,
    KnownMove,
    LogChannel,
    Match,
    QuietHours,
    Route,
    SecondReader,
    ServiceChannel,
    Templates,
    WebhookChannel,
)
from monitor.config.schema import write_schemas

__all__ = [
    "Channel",
    "Config",
    "ConfiguredFeed",
    "Digest",
    "EmailChannel",
    "KnownMove",
    "LogChannel",
    "Match",
    "QuietHours",
    "Route",
    "SecondReader",
    "ServiceChannel",
    "Templates",
    "WebhookChannel",
    "load_config",
    "write_schemas",
]
