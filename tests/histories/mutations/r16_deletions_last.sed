# file: daemon/sync/batch_merge.cpp
# R16: the deletions of a batch are applied after everything else
s|if (!merges_.empty() .. !deletions_.accepts|if (!deletions_.accepts|
s|^  if (!deletions_.empty()) flush_rows();||
