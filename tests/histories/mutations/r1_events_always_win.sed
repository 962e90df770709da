# file: daemon/sync/verdict.cpp
# R1: an event wins whatever the mirror holds
s|^  if (seen.decisive) return settle.*|&\n  if (seen.source == Source::event) return known->tombstone ? Verdict::revive : Verdict::update;|
