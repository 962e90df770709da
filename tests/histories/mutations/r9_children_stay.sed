# file: db/mirror_tables.cpp
# R9: the children of a deleted parent stay
s|if (link.table == parent.name) action|if (link.table.empty() \&\& link.table == parent.name) action|
