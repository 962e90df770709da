# file: daemon/sync/table_merge.cpp
# R16: an event of what a list had shown before leaves no trace
# seed: 880
s|^  const bool gives_order = .*|  const bool gives_order = false;|
