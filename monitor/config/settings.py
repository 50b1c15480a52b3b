"""settings.yaml as models: one class per section, one field per key; and what every config file's models are made of.

Never checks what needs two places to be seen: `load` does.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.config.units import Address, Duration, Network, PublicUrl, Size, Url, render_duration

Name = Annotated[str, Field(min_length=1)]


class File(BaseModel):
    """Base of everything that stands in a config file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Poll(File):
    interval: Duration = Field(
        default=timedelta(minutes=15), description="How often a feed is polled that says nothing else."
    )
    shortest: Duration = Field(default=timedelta(minutes=1), description="No feed is polled more often than this.")
    longest: Duration = Field(default=timedelta(days=1), description="Every feed is polled at least this often.")
    concurrency: int = Field(default=20, ge=1, le=1000, description="How many requests may be under way at once.")

    @model_validator(mode="after")
    def _in_order(self) -> Poll:
        if not timedelta(seconds=1) <= self.shortest <= self.interval <= self.longest:
            wants = "poll must keep 1s ≤ shortest ≤ interval ≤ longest; these are"
            given = ", ".join(map(render_duration, (self.shortest, self.interval, self.longest)))
            raise ValueError(f"{wants} {given}")
        return self


class Pages(File):
    read: bool = Field(
        default=True, description="Read the article's page; if false, title and summary of the entry are all."
    )
    robots: bool = Field(default=True, description="Do not read a page that its site's robots.txt keeps from robots.")
    max_age: Duration = Field(default=timedelta(days=30), description="Entries published longer ago are not read.")
    workers: int = Field(default=2, ge=1, le=64, description="Processes that parse feeds and read pages.")
    deadline: Duration = Field(
        default=timedelta(seconds=10), description="A page that takes longer to parse is given up."
    )


class Http(File):
    timeout: Duration = Field(default=timedelta(seconds=30), description="A request that takes longer is given up.")
    host_gap: Duration = Field(default=timedelta(seconds=1), description="Pause between two requests to one host.")
    feed_limit: Size = Field(default=5_000_000, description="A larger feed is refused.")
    page_limit: Size = Field(default=3_000_000, description="A larger page is refused.")
    proxy: Url | None = Field(
        default=None,
        description="An HTTP proxy that all requests for feeds, pages and webhooks go through; none if left out.",
    )
    allow_networks: list[Network] = Field(
        default=[],
        description="Private networks that may be reached; all others are refused, whatever a feed links to.",
    )

    @property
    def allowed(self) -> list[IPv4Network | IPv6Network]:
        """`allow_networks`, read."""
        return [ip_network(network) for network in self.allow_networks]


class Keep(File):
    articles: Duration = Field(
        default=timedelta(days=365), description="Texts of articles without a move are kept this long."
    )
    deliveries: Duration = Field(default=timedelta(days=90), description="Accepted deliveries are kept this long.")


class Websub(File):
    public_url: PublicUrl = Field(
        description="Where hubs reach `listen` from outside, such as https://monitor.example.org/push."
    )
    listen: Address = Field(
        description="Host and port where what hubs send is taken, and nothing else, such as 127.0.0.1:9465."
    )
    slower: float = Field(
        default=4.0,
        ge=1,
        le=24,
        description="How many times as rarely a feed is polled whose hub sends its news; up to `poll.longest`.",
    )


class SecondReader(File):
    url: Url = Field(description="Its API, up to where /chat/completions follows: http://127.0.0.1:11434/v1.")
    model: Name = Field(description="What the endpoint calls the model.")
    api_key_env: str | None = Field(default=None, description="The environment variable that holds the key.")
    api_key_file: str | None = Field(default=None, description="The file that holds the key.")
    timeout: Duration = Field(
        default=timedelta(seconds=20), description="Articles read together wait no longer than this for its answers."
    )
    tokens_per_day: int = Field(
        default=200_000, ge=1, description="How many tokens it may take on a day (UTC), questions included."
    )
    min_confidence: float = Field(
        default=0.2, ge=0, le=1, description="It is asked about claims from this confidence up to alert_confidence."
    )
    trust: float = Field(
        default=0.9, ge=0.5, le=0.99, description="How often it is right: this much weight its answer has."
    )

    @model_validator(mode="after")
    def _in_bounds(self) -> SecondReader:
        if not timedelta(seconds=2) <= self.timeout <= timedelta(minutes=1):
            raise ValueError(f"the timeout must be between 2s and 1m; it is {render_duration(self.timeout)}")
        return self


class Settings(File):
    """How the monitor works: settings.yaml."""

    contact: str | None = Field(
        default=None, description="Web or mail address in the User-Agent, by which a publisher can reach you."
    )
    alert_backlog: bool = Field(default=False, description="Alert of what stood in a feed when it was first polled.")
    alert_confidence: float = Field(
        default=0.6, ge=0, le=1, description="A move under this confidence raises no alert."
    )
    alert_max_age: Duration = Field(
        default=timedelta(days=14), description="News published longer ago raises no alert."
    )
    listen: Address | None = Field(
        default=None,
        description="Where /healthz, /readyz and /metrics answer, such as 127.0.0.1:9464; off if left out.",
    )
    websub: Websub | None = Field(
        default=None, description="Let the hubs that feeds announce send their news; off if left out."
    )
    poll: Poll = Field(default=Poll(), description="When feeds are polled.")
    pages: Pages = Field(default=Pages(), description="How articles are read.")
    http: Http = Field(default=Http(), description="Limits of requests.")
    keep: Keep = Field(default=Keep(), description="How long things are kept.")
    second_reader: SecondReader | None = Field(
        default=None, description="A language model that is asked about claims in doubt; off if left out."
    )
