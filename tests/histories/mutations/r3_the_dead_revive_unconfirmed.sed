# file: daemon/sync/verdict.cpp
# R3: any later event revives a deleted row, without a read
s|if (tombstone.by == DeletedBy::event) return Verdict::confirm;|if (tombstone.by == DeletedBy::event) return Verdict::revive;|
s|if (is_old_news(known, seen)) return Verdict::stale;|(void)is_old_news;|
