# file: daemon/sync/verdict.cpp
# R3: the deletion of an unknown object is ignored
s|return DeathVerdict::entomb;|return DeathVerdict::stale;|
