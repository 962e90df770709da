# file: daemon/sync/table_merge.cpp
# R16: a version that came too late reaches no history
s|^  if (known != nullptr && is_version.*|  if (known != nullptr) return;|
