# file: daemon/sync/brake.cpp
# R8: nothing is too much
s|deletions > options.max_count|deletions < 0|
s|deletions > options.min_count|deletions < 0|
