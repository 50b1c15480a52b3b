"""claims in doubt -> the same claims as a second reader judges them, asked of an OpenAI-compatible endpoint (0014).

Never asks twice and never waits beyond its timeout: what goes wrong leaves the claims as they were read, and an endpoint that
fails is left alone for a while.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from monitor.clock import Clock
from monitor.config import SecondReader
from monitor.log import log
from monitor.model import ArticleResult, Origin, Refused, Review, SourcedClaim
from monitor.moves.judgement import (
    MOST,
    SCHEMA,
    SYSTEM,
    Question,
    Verdict,
    frame_question,
    judge,
    parse_answer,
    render_question,
    weigh,
)
from monitor.notify.rules import AlertRules
from monitor.ports import Store

LARGEST = 64_000  # bytes of an answer
ANSWER = 2_000  # tokens that an answer may take, its thoughts included
LEAST = 1.0  # seconds in which it is worth asking
PAUSE, LONGEST_PAUSE = (
    timedelta(minutes=1),
    timedelta(hours=1),
)  # after one failure; doubled with each, up to the longest

# Not every server knows schemas, and not every model a temperature: what the first is refused for, the next leaves out.
_PLAIN: Mapping[str, Any] = {"response_format": {"type": "json_object"}}
_BOUNDED: Mapping[str, Any] = {"temperature": 0, "max_tokens": ANSWER}
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "verdicts", "strict": True, "schema": SCHEMA}}
FORMS: tuple[Mapping[str, Any], ...] = ({**_BOUNDED, "response_format": _SCHEMA}, {**_BOUNDED, **_PLAIN}, _PLAIN)
_UNSUPPORTED = (400, 422)


class Answer(Protocol):
    """A complete HTTP answer, of any status."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> bytes: ...

    @property
    def retry_after(self) -> timedelta | None: ...


class Poster(Protocol):
    """POSTs once: no redirects, no retries."""

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, timeout: float, limit: int | None
    ) -> Answer | Refused: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Verdicts, one for each claim asked about."""

    verdicts: tuple[Verdict, ...]
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Why there are none; of low cardinality.  `failed`: the endpoint did not serve us, not only this article."""

    reason: str
    failed: bool = False
    retry_after: timedelta | None = None


Outcome: TypeAlias = Judged | Unanswered
_QUIET = frozenset({"waiting", "no time"})  # follow from what was told already


@dataclass(slots=True, kw_only=True)
class ChatReader:
    """A second reader behind a chat completions endpoint; for one thread at a time."""

    config: SecondReader
    rules: AlertRules  # what can raise no alert is not worth asking
    poster: Poster = field(repr=False)
    store: Store = field(repr=False)
    clock: Clock = field(repr=False)
    _form: int = 0  # the first of FORMS that the endpoint has not refused
    _failures: int = 0  # in a row
    _resume_at: datetime | None = None
    _told: set[str] = field(default_factory=set)  # what went wrong since the last answer

    def close(self) -> None:
        """Cut what is under way."""
        self.poster.close()

    def doubts(self, result: ArticleResult) -> bool:
        return any(map(self._is_doubtful, result.claims))

    def _is_doubtful(self, claim: SourcedClaim) -> bool:
        """Tell whether a claim is news that only its confidence keeps from an alert."""
        rules = self.rules
        origins = (Origin.LIVE, Origin.BACKLOG) if rules.alert_backlog else (Origin.LIVE,)
        return (
            self.config.min_confidence <= claim.claim.confidence < rules.threshold
            and claim.origin in origins
            and claim.published_at >= self.clock.now() - rules.max_age
            and not (claim.claim.background or claim.needs_review)
        )

    def review(self, results: Sequence[ArticleResult]) -> Iterator[Review]:
        until = time.monotonic() + self.config.timeout.total_seconds()
        for result in results:
            yield self._review(result, until)

    def _review(self, result: ArticleResult, until: float) -> Review:
        doubtful = [claim for claim in result.claims if self._is_doubtful(claim)][:MOST]
        if not doubtful:
            return Review(result=result, outcome="no doubt")
        question = frame_question(result.article, [claim.claim for claim in doubtful])
        outcome = self._ask(question, until)
        self._note(outcome)
        if isinstance(outcome, Unanswered):
            return Review(result=result, outcome=outcome.reason)
        log.info("second_reader.judged", url=result.article.url, verdicts=outcome.verdicts, tokens=outcome.tokens)
        verdicts = {claim.key: verdict for claim, verdict in zip(doubtful, outcome.verdicts, strict=True)}
        claims = (
            replace(c, claim=weigh(c.claim, verdicts[c.key], self.config.trust)) if c.key in verdicts else c
            for c in result.claims
        )
        return Review(result=replace(result, claims=tuple(claims)), outcome="judged", tokens=outcome.tokens)

    # the question, within its budget

    def _ask(self, question: Question, until: float) -> Outcome:
        now = self.clock.now()
        if self._resume_at and now < self._resume_at:
            return Unanswered(reason="waiting")
        if until - time.monotonic() < LEAST:
            return Unanswered(reason="no time")
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": render_question(question)}]
        estimate = sum(len(each["content"].encode()) for each in messages) // 3 + 100 * len(question.claims)
        # Reserved before it is spent: a process that is killed meanwhile has counted too much, never too little.
        if self.store.spend_tokens(now.date(), estimate) > self.config.tokens_per_day:
            self.store.spend_tokens(now.date(), -estimate)
            return Unanswered(reason="budget used up")
        outcome, tokens = self._read(question, self._post(messages, until), estimate)
        self.store.spend_tokens(now.date(), tokens - estimate)
        return outcome

    def _post(self, messages: list[dict[str, str]], until: float) -> Answer | Refused:
        """Ask in the first form that the endpoint does not refuse, and keep to it from then on."""
        url = self.config.url.rstrip("/") + "/chat/completions"
        headers = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "identity"}
        if self.config.api_key:
            headers["authorization"] = f"Bearer {self.config.api_key.get_secret_value()}"
        answer: Answer | Refused = Refused(reason="no form")
        for number in range(self._form, len(FORMS)):
            body = json.dumps({"model": self.config.model, "messages": messages, **FORMS[number]}).encode()
            answer = self.poster.post(url, headers, body, until - time.monotonic(), LARGEST)
            if isinstance(answer, Refused) or answer.status not in _UNSUPPORTED:
                self._form = number
                break
        return answer

    def _read(self, question: Question, answer: Answer | Refused, estimate: int) -> tuple[Outcome, int]:
        """Return what an answer means and what it cost: of one that broke off nobody knows, and the estimate stands."""
        if isinstance(answer, Refused):
            spent = estimate if answer.reason in ("timeout", "cut off", "too large") else 0
            return Unanswered(reason=answer.reason, failed=answer.reason != "too large"), spent
        if not 200 <= answer.status < 300:
            return Unanswered(reason=f"http {answer.status}", failed=True, retry_after=answer.retry_after), 0
        try:
            completion = json.loads(answer.body)
        except (ValueError, RecursionError):
            return Unanswered(reason="broken answer"), estimate
        tokens = tokens_of(completion) or estimate
        content = content_of(completion)
        if content is None:
            return Unanswered(reason="refused"), tokens
        try:
            verdicts = judge(question, parse_answer(content))
        except ValueError:
            return Unanswered(reason="broken answer"), tokens
        return Judged(verdicts=verdicts, tokens=tokens), tokens

    # how it fares

    def _note(self, outcome: Outcome) -> None:
        """Tell each thing that goes wrong once, until there is an answer again; leave alone what fails."""
        if isinstance(outcome, Judged):
            if self._told:
                log.info("second_reader.recovered", failures=self._failures)
            self._failures, self._resume_at = 0, None
            self._told.clear()
            return
        if outcome.failed:
            pause = outcome.retry_after or min(PAUSE * 2 ** min(self._failures, 10), LONGEST_PAUSE)
            self._failures, self._resume_at = self._failures + 1, self.clock.now() + pause
        if outcome.reason not in self._told | _QUIET:
            self._told.add(outcome.reason)
            log.warning("second_reader.unanswered", reason=outcome.reason, resume_at=self._resume_at)


# --- the answer of the endpoint -------------------------------------------------------------------------------------


def tokens_of(completion: Any) -> int | None:
    """Return what the endpoint says that its answer took, if it says it and it can be."""
    usage = completion.get("usage") if isinstance(completion, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return min(total, 10**9) if type(total) is int and total > 0 else None


def content_of(completion: Any) -> str | None:
    """Return the text of the answer; None where the model refused, or there is none."""
    try:
        message = completion["choices"][0]["message"]
        content = message["content"]
        refusal = message.get("refusal")
    except (LookupError, TypeError, AttributeError):
        return None
    return content if isinstance(content, str) and not refusal else None
