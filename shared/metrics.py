"""Every metric, in one list, with what it tells."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

# Messages read by a stage, also those read again after a restart.
CONSUMED = Counter("wireroom_consumed_messages", "Messages read", ["stage"])
# Bytes of the values of these messages.
CONSUMED_BYTES = Counter("wireroom_consumed_bytes", "Bytes read", ["stage"])
# Messages that a stage wrote and that were acknowledged.
EMITTED = Counter("wireroom_emitted_messages", "Messages written", ["stage"])
# Messages that needed nothing, by the stage's own reason.
DROPPED = Counter("wireroom_dropped_messages", "Messages dropped on purpose", ["stage", "reason"])
# Messages, or parts of one, that went to news.rejected, by reason.
REJECTED = Counter("wireroom_rejected_messages", "Messages refused", ["stage", "reason"])
# Times that something was tried again after a transient error: "process" or "publish".
RETRIES = Counter("wireroom_retries", "Retries", ["stage", "step"])
# What became of writes to the index: indexed, stale, rejected.
INDEX_OUTCOMES = Counter("wireroom_index_outcomes", "Outcomes of index writes", ["outcome"])
# Time from the start of a batch to its last acknowledgement.
BATCH_SECONDS = Histogram("wireroom_batch_seconds", "Batch time", ["stage"], buckets=_SECONDS)
# Messages in a batch: small ones mean that the stage waits for input.
BATCH_SIZE = Histogram("wireroom_batch_messages", "Batch size", ["stage"], buckets=_BATCH)
# Workers of the pool that died or were ended for taking too long.
WORKERS_LOST = Counter("wireroom_workers_lost", "Pool workers lost", ["stage", "cause"])
# Unix time of the last batch that was finished and acknowledged.
LAST_PROGRESS = Gauge("wireroom_last_progress_timestamp_seconds", "Last progress", ["stage"])
# Messages that stand in the input topic's assigned partitions and are not yet committed.
LAG = Gauge("wireroom_lag_messages", "Messages not yet processed", ["stage"])
# Articles that the deduplicator remembers.
REMEMBERED = Gauge("wireroom_remembered_articles", "Articles in the duplicate window")
# Entries of the fingerprint log that no instance can read.
LOG_SKIPPED = Gauge("wireroom_fingerprints_skipped", "Unreadable entries of the fingerprint log")
# Verdicts of the log that an instance would have decided otherwise: 0, or instances differ in
# settings or release.
DISAGREED = Gauge("wireroom_verdicts_disagreed", "Verdicts that differ from one's own")
# Articles written again because a later one changed what they are: "emitted"; "lost" where the
# tagged article was gone from its topic.
CORRECTIONS = Counter("wireroom_corrections", "Corrected articles", ["outcome"])

# What became of requests to the web: the status of an answer, or why there was none, or a refusal.
FETCHES = Counter("wireroom_fetches", "Requests to the web", ["outcome"])
# Bytes of the bodies that were fetched, without their compression.
FETCHED_BYTES = Counter("wireroom_fetched_bytes", "Bytes fetched")
# Hosts that are being talked to.
HOSTS_ACTIVE = Gauge("wireroom_hosts_active", "Hosts being talked to")
# Requests of news.fetch that were taken and are not yet done.
FETCHES_WAITING = Gauge("wireroom_fetches_waiting", "Requests taken and not done")
# Sources: "all", those "failing" now, those that are "quiet" against their own past.
SOURCES = Gauge("wireroom_sources", "Sources by state", ["state"])

# WARC files that are finished and not yet where they are kept: grows while that place is away.
ARCHIVE_WAITING = Gauge("wireroom_archive_waiting_files", "Finished WARC files in the spool")


def count_outcome(outcome: str, count: int) -> None:
    """Count what became of writes to the index."""
    INDEX_OUTCOMES.labels(outcome).inc(count)
